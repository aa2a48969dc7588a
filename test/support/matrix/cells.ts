import type { ErrorCode } from '../../../src/kernel/errors/catalogue';
import type { Credential } from '../http';
import { OPERATOR_TOKEN } from '../harness';
import type { Person, Scenes, World, Worlds } from './world';

export const IDENTITIES = ['owner', 'otherUser', 'otherApp', 'otherDeveloper', 'operator', 'nobody'] as const;
export type Identity = (typeof IDENTITIES)[number];

/** `ok`: it is done to the owner's things, rightly; `own`: to the asker's own, under the same ids; else refused so. */
export type Outcome = 'ok' | 'own' | ErrorCode;
/** `twin`: the asker's world has something under the same ids; `only`: the ids are the owner's world's alone. */
export type Cell = Outcome | { twin: Outcome; only: Outcome };
/** In the order of IDENTITIES. */
export type Six = readonly [Cell, Cell, Cell, Cell, Cell, Cell];

/** Whose call it is, when its owner makes it. */
export type Kind = 'developer' | 'app' | 'user' | 'operator' | 'anyone';

/** The ids that a call names. */
export interface Things {
  appId: string;
  accountSid: string;
  userId: string;
  peerId: string;
  conversationId: string;
  sessionId: string;
  groupId: string;
  chatroomId: string;
  requestId: string;
  invitationId: string;
  account: string;
  password: string;
  token: string;
  /** New at every call: for what is to be made. */
  fresh: string;
}

/** The owner's app, or its developer with the app, or all worlds. */
export type Fresh = 'app' | 'developer' | 'everything';

export interface RouteRow {
  as: Kind;
  call: (things: Things) => { path: string; body?: object };
  cells: Six;
  /** The call takes apart what others need: it gets some of its own. */
  fresh?: Fresh;
  /** What succeeds for a foreign thing must read as for an absent one. */
  blind?: true;
}

export interface EventRow {
  data: (things: Things) => object;
  cells: Six;
  blind?: true;
}

export const cellOf = (cells: Six, identity: Identity): Cell => cells[IDENTITIES.indexOf(identity)];
export const outcomeOf = (cell: Cell, variant: 'twin' | 'only'): Outcome =>
  typeof cell === 'string' ? cell : cell[variant];

/** Every way in which a table can fall short of what runs. */
export function gapsOf(running: readonly string[], table: Record<string, { cells: readonly unknown[] }>): string[] {
  const rows = new Set(Object.keys(table).map(keyOf));
  return [
    ...running.filter((name) => !rows.has(name)).map((name) => `${name} has no row`),
    ...[...rows].filter((name) => !running.includes(name)).map((name) => `${name} has a row, but does not exist`),
    ...Object.entries(table)
      .filter(([, { cells }]) => IDENTITIES.some((_, index) => !cells[index]))
      .map(([name]) => `${name} lacks a cell`),
  ];
}

/** `GET /v1/users/:userId, a user` is another row of the same route. */
export const keyOf = (row: string): string => row.split(', ')[0] ?? row;

const bearer = ({ token }: Person): Credential => ({ bearer: token });

/** What an identity shows at the door, for a call whose owner would be of this kind. */
export function credentialOf(identity: Identity, as: Kind, { mine, other, rival }: Scenes): Credential | undefined {
  switch (identity) {
    case 'owner':
      if (as === 'user') return bearer(mine.ann);
      return as === 'app' ? mine.world.app.credential : mine.world.developer.credential;
    case 'otherUser':
      return bearer(mine.carol);
    case 'otherApp':
      return as === 'user' ? bearer(other.ann) : other.world.app.credential;
    case 'otherDeveloper':
      if (as === 'user') return bearer(rival.ann);
      return as === 'app' ? rival.world.app.credential : rival.world.developer.credential;
    case 'operator':
      return { bearer: OPERATOR_TOKEN };
    case 'nobody':
      return undefined;
  }
}

/** Which canaries and secrets an identity may come across. */
function mayMeet(identity: Exclude<Identity, 'operator'>, as: Kind, { mine, other, rival }: Worlds): string[] {
  const ofApp = ({ canaries }: World) => [canaries.user, canaries.talk];
  const ofDeveloper = ({ canaries, secrets }: World) => [canaries.developer, canaries.app, ...secrets];
  switch (identity) {
    case 'owner':
      return as === 'app' || as === 'user' ? ofApp(mine) : [...ofDeveloper(mine), ...ofDeveloper(other)];
    case 'otherUser':
      return [mine.canaries.user];
    case 'otherApp':
      return ofApp(other);
    case 'otherDeveloper':
      return as === 'app' || as === 'user' ? ofApp(rival) : ofDeveloper(rival);
    case 'nobody':
      return [];
  }
}

/** The canaries and secrets in this text that do not belong there. */
export function leaksIn(text: string, identity: Identity, as: Kind, worlds: Worlds, everything: Iterable<string>) {
  const known = identity === 'operator' ? undefined : new Set(mayMeet(identity, as, worlds));
  // The operator decides about developers and apps, all of them, and about nothing within.
  const allowed = (mark: string): boolean => known?.has(mark) ?? /^canary-\w+-(developer|app)-/.test(mark);
  return [...everything].filter((mark) => !allowed(mark) && text.includes(mark));
}
