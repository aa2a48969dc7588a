import { randomBytes } from 'node:crypto';
import { ERRORS } from '../../../src/kernel/errors/catalogue';
import { statusOf } from '../../../src/platform/entry/http/statuses';
import type { Parley } from '../harness';
import type { Credential } from '../http';
import {
  cellOf,
  credentialOf,
  IDENTITIES,
  keyOf,
  leaksIn,
  outcomeOf,
  type Fresh,
  type Identity,
  type Kind,
  type Outcome,
  type RouteRow,
  type Six,
  type Things,
} from './cells';
import { storedOf } from './stored';
import { aWorld, someScenes, someWorlds, type Person, type Scenes, type Worlds } from './world';

type Variant = 'twin' | 'only';

/** An answer of either door. */
export interface Told {
  ok: boolean;
  status?: number;
  code?: string;
  text: string;
}

export type Ask = (identity: Identity, things: Things) => Promise<Told>;

export interface Subject {
  as: Kind;
  cells: Six;
  blind?: true;
  /** What a call says about these things. */
  names: (things: Things) => unknown;
}

type Rooms = Pick<Scenes['mine'], 'groupId' | 'chatroomId'>;

const fresh = (): string => `new-${randomBytes(8).toString('hex')}`;
const direct = (a: string, b: string): string => (a < b ? `user:${a}:${b}` : `user:${b}:${a}`);

const thingsOf = ({ world, ann, apart }: Scenes['mine'], user: Person, peer: Person, of: Rooms): Things => ({
  appId: world.app.appId,
  accountSid: world.developer.accountSid,
  userId: user.userId,
  peerId: peer.userId,
  conversationId: direct(ann.userId, peer.userId),
  sessionId: user.sessionId,
  groupId: of.groupId,
  chatroomId: of.chatroomId,
  requestId: apart.requestId,
  invitationId: apart.invitationId,
  account: user.account,
  password: user.password,
  token: user.token,
  fresh: fresh(),
});

/** The owner's things that a call is about: those that the other worlds have likewise, or those only it has. */
export const owned = ({ mine }: Pick<Scenes, 'mine'>, variant: Variant): Things =>
  variant === 'twin' ? thingsOf(mine, mine.ann, mine.bob, mine) : thingsOf(mine, mine.dave, mine.dave, mine.apart);

/** The same shape, and nothing there: what a foreign thing must look like. */
export function absent({ mine }: Pick<Scenes, 'mine'>): Things {
  const like = owned({ mine }, 'only');
  const ghost = `ghost-${randomBytes(4).toString('hex')}`;
  return {
    ...like,
    appId: like.appId.slice(0, -6) + 'absent',
    accountSid: like.accountSid.slice(0, -6) + 'absent',
    userId: ghost,
    peerId: ghost,
    conversationId: direct(mine.ann.userId, ghost),
    groupId: ghost,
    chatroomId: ghost,
    requestId: ghost,
    invitationId: ghost,
    sessionId: like.sessionId.slice(0, -6) + 'absent',
    token: like.token.slice(0, -6) + 'absent',
  };
}

export const withoutTrace = (text: string): string => text.replace(/"traceId":"[^"]*"/, '"traceId"');

/** An answer without what is new in each: its trace and the ids that were asked for. */
function withoutIds({ text }: Told, things: Things): string {
  let plain = withoutTrace(text);
  for (const id of [things.conversationId, things.userId, things.peerId, things.groupId, things.chatroomId])
    plain = plain.replaceAll(id, '*');
  return plain;
}

/** What is looked for within something that the asker may well have: only this is absent then. */
const WITHIN: Partial<Record<Outcome, 'sessionId' | 'requestId' | 'invitationId' | 'peerId'>> = {
  SESSION_NOT_FOUND: 'sessionId',
  REQUEST_NOT_FOUND: 'requestId',
  INVITATION_NOT_FOUND: 'invitationId',
  MEMBER_NOT_FOUND: 'peerId',
};

/** The worlds of a run, and everything in them that must not be met elsewhere. */
export class Stage {
  readonly marks = new Set<string>();
  private readonly worlds: Promise<Worlds>;

  constructor(readonly parley: Parley) {
    this.worlds = someWorlds(parley);
  }

  private async build(fresh: Fresh | undefined): Promise<Worlds> {
    if (fresh === undefined) return this.worlds;
    if (fresh === 'everything') return someWorlds(this.parley);
    const worlds = await this.worlds;
    return { ...worlds, mine: await aWorld(this.parley, 'mine', fresh === 'app' ? worlds.mine : undefined) };
  }

  /** People of its own for a row; with an app or a developer of its own where the row takes them apart. */
  async scenes(mark: string, fresh?: Fresh): Promise<Scenes & { worlds: Worlds }> {
    const worlds = await this.build(fresh);
    const scenes = await someScenes(worlds, mark);
    for (const { canaries, secrets } of Object.values(worlds)) {
      for (const mark of [...Object.values(canaries), ...secrets]) this.marks.add(mark);
    }
    return { ...scenes, worlds };
  }

  /** Everything that is wrong with how a route or an event treats the six identities. Foreign calls go first. */
  async judge(subject: Subject, scenes: Scenes & { worlds: Worlds }, ask: Ask): Promise<string[]> {
    const problems: string[] = [];
    const allowed = (identity: Identity): boolean => cellOf(subject.cells, identity) === 'ok';
    const { sql } = this.parley;
    const before = await storedOf(sql, scenes.worlds.mine);
    for (const identity of IDENTITIES) {
      if (!allowed(identity)) problems.push(...(await this.foreign(subject, identity, scenes, ask)));
    }
    const after = await storedOf(sql, scenes.worlds.mine);
    for (const [table, rows] of Object.entries(before)) {
      if (JSON.stringify(rows) !== JSON.stringify(after[table])) problems.push(`a foreign call changed ${table}`);
    }
    for (const identity of IDENTITIES) {
      if (allowed(identity)) problems.push(...(await this.look(subject, identity, 'twin', scenes, ask)));
    }
    return problems;
  }

  private async foreign(
    subject: Subject,
    identity: Identity,
    scenes: Scenes & { worlds: Worlds },
    ask: Ask,
  ): Promise<string[]> {
    const same = (['twin', 'only'] as const).map((variant) =>
      JSON.stringify(subject.names({ ...owned(scenes, variant), fresh: '' })),
    );
    const variants: Variant[] =
      (identity !== 'otherApp' && identity !== 'otherDeveloper') || same[0] === same[1] ? ['twin'] : ['only', 'twin'];
    const problems: string[] = [];
    for (const variant of variants) problems.push(...(await this.look(subject, identity, variant, scenes, ask)));
    return problems;
  }

  private async look(
    subject: Subject,
    identity: Identity,
    variant: Variant,
    scenes: Scenes & { worlds: Worlds },
    ask: Ask,
  ): Promise<string[]> {
    const { as, cells, blind } = subject;
    const wanted = outcomeOf(cellOf(cells, identity), variant);
    const things = owned(scenes, variant);
    const told = await ask(identity, things);
    const problems: string[] = [];
    const who = `${identity} (${variant})`;
    if (!asWanted(told, wanted)) problems.push(`${who}: wanted ${wanted}, got ${told.status ?? ''} ${told.text}`);
    for (const leak of leaksIn(told.text, identity, as, scenes.worlds, this.marks)) {
      problems.push(`${who} was told ${leak}`);
    }
    const hidden = wanted !== 'ok' && wanted !== 'own' && ERRORS[wanted].kind === 'not-found';
    const blindly = blind && wanted === 'own' && variant === 'only';
    if (hidden || blindly) {
      const none = absent(scenes);
      const nothing = WITHIN[wanted] ? { ...things, [WITHIN[wanted]]: none[WITHIN[wanted]] } : none;
      const toldOfNothing = await ask(identity, nothing);
      const [here, there] = [withoutIds(told, things), withoutIds(toldOfNothing, nothing)];
      if (here !== there || told.status !== toldOfNothing.status) {
        problems.push(`${who} can tell the foreign from the absent: ${here} | ${there}`);
      }
    }
    return problems;
  }
}

function asWanted(told: Told, wanted: Outcome): boolean {
  if (wanted === 'ok' || wanted === 'own') return told.ok;
  return !told.ok && told.code === wanted && (told.status === undefined || told.status === statusOf(wanted));
}

/** Asks a route. */
export async function callAs(
  parley: Parley,
  credential: Credential | undefined,
  name: string,
  { path, body }: ReturnType<RouteRow['call']>,
): Promise<Told> {
  const api = credential ? parley.api.as(credential) : parley.api;
  const method = keyOf(name).split(' ')[0]?.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
  const answer = await (method === 'get' ? api.get(path) : api[method](path, body));
  const { error } = answer.body as { error?: { code?: unknown } };
  return {
    ok: answer.status < 300,
    status: answer.status,
    text: typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body),
    ...(error && { code: String(error.code) }),
  };
}

/** Asks a route as each identity would. */
export const overHttp =
  (parley: Parley, name: string, row: RouteRow, scenes: Scenes): Ask =>
  (identity, things) =>
    callAs(parley, credentialOf(identity, row.as, scenes), name, row.call(things));
