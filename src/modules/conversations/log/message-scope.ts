import type { Mentions, PushOption } from '../../../kernel/contracts/message';
import type { Recipients } from '../audience';

/** Whom a message concerns and how they are told, as its row keeps it. */
interface ScopeColumns {
  recipients: string | null;
  mentions: string | null;
  push: string | null;
}

interface Scope {
  readonly recipients?: Recipients | null;
  readonly mentions?: Mentions | null;
  readonly push?: PushOption;
}

export const writeScope = ({ recipients, mentions, push }: Scope): ScopeColumns => ({
  recipients: recipients ? JSON.stringify(Object.fromEntries(recipients)) : null,
  mentions: mentions ? JSON.stringify(mentions) : null,
  push: push === undefined ? null : JSON.stringify(push),
});

export const readScope = ({
  recipients,
  mentions,
  push,
}: ScopeColumns): { recipients?: Recipients; mentions?: Mentions; push?: PushOption } => ({
  ...(recipients !== null && { recipients: readRecipients(recipients) }),
  ...(mentions !== null && { mentions: JSON.parse(mentions) as Mentions }),
  ...(push !== null && { push: JSON.parse(push) as PushOption }),
});

export const readRecipients = (text: string): Recipients =>
  new Map(Object.entries(JSON.parse(text) as Record<string, string>).map(([pk, userId]) => [Number(pk), userId]));
