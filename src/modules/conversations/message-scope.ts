import type { Mentions } from '../../kernel/contracts/message';
import type { Recipients } from './audience';

/** Whom a message concerns, as its row keeps it. */
interface ScopeColumns {
  recipients: string | null;
  mentions: string | null;
}

interface Scope {
  readonly recipients?: Recipients | null;
  readonly mentions?: Mentions | null;
}

export const writeScope = ({ recipients, mentions }: Scope): ScopeColumns => ({
  recipients: recipients ? JSON.stringify(Object.fromEntries(recipients)) : null,
  mentions: mentions ? JSON.stringify(mentions) : null,
});

export const readScope = ({
  recipients,
  mentions,
}: ScopeColumns): { recipients?: Recipients; mentions?: Mentions } => ({
  ...(recipients !== null && { recipients: readRecipients(recipients) }),
  ...(mentions !== null && { mentions: JSON.parse(mentions) as Mentions }),
});

export const readRecipients = (text: string): Recipients =>
  new Map(Object.entries(JSON.parse(text) as Record<string, string>).map(([pk, userId]) => [Number(pk), userId]));
