import { randomBytes } from 'node:crypto';
import { AppError } from '../../src/kernel/errors/app-error';
import { JsonText, textOf } from '../../src/kernel/json-text';
import type { TenantCaller, UserCaller } from '../../src/kernel/caller';
import { GroupAudience } from '../../src/modules/groups/group.audience';
import { GroupDirectory } from '../../src/modules/groups/group-directory';
import { ConversationHistory, UnreadTotals } from '../../src/modules/conversations';
import { GroupMembersService } from '../../src/modules/groups/group-members.service';
import { GroupsService } from '../../src/modules/groups/groups.service';
import { InvitationsService } from '../../src/modules/groups/invitations.service';
import { JoinRequestsService } from '../../src/modules/groups/join-requests.service';
import { ModerationService } from '../../src/modules/groups/moderation.service';
import { ConversationListService } from '../../src/modules/messaging/conversation-list.service';
import { HistoryService } from '../../src/modules/messaging/history.service';
import { MarksService } from '../../src/modules/messaging/marks.service';
import { MessagesService } from '../../src/modules/messaging/messages.service';
import { anApp, aSession, aUser, type TestApp } from '../support/builders';
import { aCallerOf } from '../support/caller';
import { startParley, type Parley } from '../support/harness';

const SEED = Number(process.env.GROUP_SEED ?? 20_261_121);
const STORIES = Number(process.env.GROUP_STORIES ?? 60);
const STEPS = 12;
/** Asked at once, so that their transactions overlap. */
const AT_ONCE = 4;

/** mulberry32: the same run for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

interface Line {
  seq: number;
  from: string | null;
  type: string;
  body: { kind?: string; users?: string[]; text?: string; banned?: boolean };
}

/** What the log alone says: who was in when, who owned it, what everybody may read and has not read. */
class Model {
  readonly in = new Map<string, number>();
  readonly problems: string[] = [];
  owner: string;
  dissolvedAt = 0;

  constructor(readonly log: readonly Line[]) {
    this.owner = String(log[0]?.body.users?.[0]);
    log.forEach((line, index) => {
      if (line.seq !== index + 1) this.problems.push(`seq ${line.seq} stands at ${index + 1}`);
      if (this.dissolvedAt) this.problems.push(`${line.seq} was written after the end`);
      if (line.type === 'notice') this.notice(line);
      else if (!line.from || !this.in.has(line.from))
        this.problems.push(`${line.seq}: ${line.from} spoke from outside`);
    });
  }

  private notice({ seq, body: { kind, users = [] } }: Line): void {
    for (const user of users) {
      const inside = this.in.has(user);
      if (kind === 'created' || kind === 'joined') {
        if (inside) this.problems.push(`${seq}: ${user} came in twice`);
        this.in.set(user, seq);
      } else if (kind === 'left' || kind === 'removed') {
        if (!inside) this.problems.push(`${seq}: ${user} went without being in`);
        if (user === this.owner) this.problems.push(`${seq}: the owner went`);
        this.in.delete(user);
      } else if (kind === 'owner-changed') {
        if (!inside) this.problems.push(`${seq}: ${user} owns from outside`);
        this.owner = user;
      }
    }
    if (kind === 'dissolved') this.dissolvedAt = seq;
  }

  /** Seqs this member may read: from its last coming in. */
  readable(user: string): number[] {
    const since = this.in.get(user);
    return since === undefined ? [] : this.log.filter(({ seq }) => seq >= since).map(({ seq }) => seq);
  }

  unread(user: string, readSeq: number): number {
    const since = this.in.get(user) ?? Infinity;
    return this.log.filter(({ seq, type, from }) => type !== 'notice' && from !== user && seq > readSeq && seq >= since)
      .length;
  }
}

interface Reply {
  seq?: number;
}

describe('the story of a group', () => {
  let parley: Parley;
  let nodes: Parley[];
  let app: TestApp;
  let users: UserCaller[];
  let server: TenantCaller;
  const next = numbers(SEED);
  /** On one of two nodes, so that each other's transactions are in the way. */
  const use = <T>(type: new (...args: never[]) => T): T => one(nodes).app.get(type, { strict: false });

  beforeAll(async () => {
    parley = await startParley({ MYSQL_POOL_SIZE: '16' });
    nodes = [parley, await parley.another()];
    app = await anApp(parley);
    users = await Promise.all(Array.from({ length: 6 }, () => aCaller()));
    const [first] = users;
    if (!first) throw new Error('nobody there');
    server = { kind: 'app', app: first.app };
  });
  afterAll(async () => {
    for (const node of nodes) await node.stop();
  });

  const aCaller = async (): Promise<UserCaller> => aCallerOf(parley, await aSession(await aUser(app)));

  const one = <T>(from: readonly T[]): T => {
    const picked = from[next(from.length)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  };

  /** One of everything that happens to groups, by anybody to anybody. */
  function anAction(groupId: string): () => Promise<unknown> {
    const [who, whom] = [one(users), one(users)];
    const by: TenantCaller = next(4) === 0 ? server : who;
    const conversationId = `group:${groupId}`;
    const send = () =>
      use(MessagesService).send(who, {
        to: { kind: 'group', id: groupId },
        clientMessageId: randomBytes(12).toString('hex'),
        type: 'text',
        body: new JsonText('{"text":"x"}'),
      });
    const decide = async (approve: boolean): Promise<unknown> => {
      const { items } = await use(JoinRequestsService).list(server, groupId, {});
      const requests = use(JoinRequestsService);
      // Two at once: both decide the same request.
      return Promise.allSettled(
        items.flatMap(({ requestId }) =>
          [server, by].map((each) =>
            approve ? requests.approve(each, groupId, requestId) : requests.reject(each, groupId, requestId),
          ),
        ),
      );
    };
    const actions: (() => Promise<unknown>)[] = [
      send,
      send,
      send,
      () => use(JoinRequestsService).join(who, groupId),
      () => use(JoinRequestsService).join(who, groupId),
      () => use(GroupMembersService).leave(who, groupId),
      () => use(GroupMembersService).remove(by, groupId, whom.userId),
      () => use(GroupMembersService).transfer(by, groupId, whom.userId),
      () => use(InvitationsService).invite(by, groupId, [whom.userId]),
      () => decide(true),
      () => decide(next(3) > 0),
      () =>
        use(ModerationService)
          .ban(by, groupId, whom.userId)
          .then(() => use(ModerationService).unban(server, groupId, whom.userId)),
      () => use(MarksService).read(who, conversationId, 1 + next(30)),
      ...(next(12) === 0 ? [() => use(GroupsService).dissolve(by, groupId)] : []),
    ];
    return one(actions);
  }

  /** Answers, refusals included; anything that is not a refusal is a fault. */
  async function tried(action: () => Promise<unknown>, faults: string[]): Promise<Reply | undefined> {
    try {
      return (await action()) as Reply | undefined;
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'INTERNAL' || error.code === 'RETRY')
        faults.push(String(error));
      return undefined;
    }
  }

  async function logOf(caller: TenantCaller, conversationId: string): Promise<Line[]> {
    const lines: Line[] = [];
    for (let after = 0; ;) {
      const page = await use(HistoryService).page(caller, { conversationId, after, limit: 100 });
      const { items } = JSON.parse(textOf(page)) as { items: Line[] };
      lines.push(...items);
      const last = items[items.length - 1]?.seq;
      if (last === undefined) return lines;
      after = last;
    }
  }

  async function compare(groupId: string, model: Model): Promise<string[]> {
    const conversationId = `group:${groupId}`;
    const problems = [...model.problems];
    for (const user of users) {
      const seen = await logOf(user, conversationId).then(
        (lines) => lines.map(({ seq }) => seq),
        () => [],
      );
      if (seen.join() !== model.readable(user.userId).join()) {
        problems.push(`${user.userId} reads ${seen.join()}, and was in for ${model.readable(user.userId).join()}`);
      }
      if (!model.in.has(user.userId)) continue;
      const { unread, readSeq } = (await use(ConversationListService).one(user, conversationId)).value;
      const counted = model.unread(user.userId, readSeq);
      if (unread !== counted) problems.push(`${user.userId} has ${unread} unread instead of ${counted}`);
    }
    const badges = await use(UnreadTotals).of(users.map(({ userPk }) => userPk));
    for (const user of users) {
      const { items } = await use(ConversationListService).list(user, { limit: 100 });
      const listed = items.reduce((sum, { value }) => sum + value.unread, 0);
      const badge = badges.get(user.userPk);
      if (badge !== listed) problems.push(`${user.userId} has a badge of ${badge}, and ${listed} in its list`);
    }
    const [row] = await parley.sql.rows<{ memberCount: number; owner: string; status: string; members: string | null }>(
      `SELECT g.memberCount, o.userId AS owner, g.status,
              (SELECT GROUP_CONCAT(u.userId ORDER BY u.userId) FROM group_members m JOIN users u ON u.id = m.userPk
                WHERE m.groupPk = g.id) AS members
         FROM chat_groups g JOIN users o ON o.id = g.ownerPk WHERE g.groupId = ?`,
      [groupId],
    );
    const members = [...model.in.keys()].sort().join();
    if (row?.members !== members) problems.push(`its members are ${row?.members}, and the log says ${members}`);
    if (row?.memberCount !== model.in.size) problems.push(`it counts ${row?.memberCount} members of ${model.in.size}`);
    if (row?.owner !== model.owner) problems.push(`it belongs to ${row?.owner}, and the log says ${model.owner}`);
    if ((row?.status === 'dissolved') !== model.dissolvedAt > 0) problems.push(`it is ${row?.status}`);
    return problems;
  }

  it('goes on without who was removed, though it was about to read a page', async () => {
    const [owner, member] = users;
    if (!owner || !member) throw new Error('nobody there');
    const groupId = 'story-window';
    await use(GroupsService).create(owner, { groupId, name: groupId, visibility: 'public', members: [member.userId] });
    const conversation = await use(GroupDirectory).find(owner.app, groupId);
    const window = await use(GroupAudience).window(conversation, member.userPk);
    await use(GroupMembersService).remove(owner, groupId, member.userId);
    const page = await use(ConversationHistory).page(conversation, window ?? { from: 9 }, { after: 0, limit: 10 });
    expect(page.map(({ seq }) => seq)).toEqual([1]);
  });

  it(`is one, whatever happens at once (seed ${SEED})`, async () => {
    const problems: string[] = [];
    let interleaved = 0;
    const tell = async (index: number): Promise<void> => {
      const groupId = `story-${index}`;
      const [owner, second] = [one(users), one(users)];
      const visibility = next(2) === 0 ? ('public' as const) : ('private' as const);
      await use(GroupsService).create(owner, { groupId, name: groupId, visibility, members: [second.userId] });
      const acked = new Set<number>();
      for (let step = 0; step < STEPS; step++) {
        const actions = Array.from({ length: AT_ONCE }, () => anAction(groupId));
        const replies = await Promise.all(actions.map((action) => tried(action, problems)));
        interleaved += actions.length;
        for (const reply of replies) if (reply?.seq !== undefined) acked.add(reply.seq);
      }
      const log = await logOf(server, `group:${groupId}`);
      const stored = new Set(log.filter(({ type }) => type === 'text').map(({ seq }) => seq));
      const lost = [...acked].filter((seq) => !stored.has(seq));
      if (lost.length > 0) problems.push(`acknowledged and not stored: ${lost.join()}`);
      problems.push(...(await compare(groupId, new Model(log))).map((problem) => `${groupId}: ${problem}`));
    };
    for (let index = 0; index < STORIES; index++) await tell(index);
    expect(problems).toEqual([]);
    expect(interleaved).toBeGreaterThanOrEqual(STORIES * STEPS * AT_ONCE);
  }, 180_000);
});
