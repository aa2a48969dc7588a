import type { TenantCaller, UserCaller } from '../../src/kernel/caller';
import { GroupMembersService } from '../../src/modules/groups/group-members.service';
import { GroupsService } from '../../src/modules/groups/groups.service';
import { InvitationsService } from '../../src/modules/groups/invitations.service';
import { JoinRequestsService } from '../../src/modules/groups/join-requests.service';
import { ModerationService } from '../../src/modules/groups/moderation.service';
import { aGroup, anApp, aSession, aUser, type TestApp, type TestSession } from '../support/builders';
import { aCallerOf } from '../support/caller';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';

describe('a change of a group', () => {
  let parley: Parley;
  let app: TestApp;
  let ann: TestSession & { userId: string };
  let bob: TestSession & { userId: string };
  const use = <T>(type: new (...args: never[]) => T): T => parley.app.get(type, { strict: false });
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
    [ann, bob] = await Promise.all([session(), session()]);
  });
  afterAll(() => parley.stop());

  const session = async () => {
    const user = await aUser(app);
    return { ...(await aSession(user)), userId: user.userId };
  };
  const callerOf = (of: TestSession): Promise<UserCaller> => aCallerOf(parley, of);

  /** Everything that a user may do to a group, as a door calls it that proved the caller a moment ago. */
  const everything = (
    caller: TenantCaller,
    groupId: string,
    userId: string,
  ): Record<string, () => Promise<unknown>> => {
    const [groups, members, moderation] = [use(GroupsService), use(GroupMembersService), use(ModerationService)];
    const [requests, invitations] = [use(JoinRequestsService), use(InvitationsService)];
    const user = caller as UserCaller;
    return {
      create: () => groups.create(caller, { name: 'New', visibility: 'public' }),
      change: () => groups.change(caller, groupId, { name: 'Changed' }),
      announce: () => groups.announce(caller, groupId, 'News'),
      join: () => requests.join(user, groupId),
      approve: () => requests.approve(caller, groupId, 'any'),
      reject: () => requests.reject(caller, groupId, 'any'),
      invite: () => invitations.invite(caller, groupId, [userId]),
      accept: () => invitations.accept(user, groupId, 'any'),
      decline: () => invitations.decline(user, groupId, 'any'),
      leave: () => members.leave(user, groupId),
      remove: () => members.remove(caller, groupId, userId),
      rename: () => members.change(caller, groupId, userId, { nickname: 'N' }),
      setAdmin: () => members.setAdmin(caller, groupId, userId, true),
      transfer: () => members.transfer(caller, groupId, userId),
      mute: () => moderation.mute(caller, groupId, userId),
      unmute: () => moderation.unmute(caller, groupId, userId),
      muteAll: () => moderation.muteAll(caller, groupId, true),
      allow: () => moderation.allow(caller, groupId, userId, true),
      ban: () => moderation.ban(caller, groupId, userId),
      unban: () => moderation.unban(caller, groupId, userId),
      dissolve: () => groups.dissolve(caller, groupId),
    };
  };
  const refusalsOf = async (actions: Record<string, () => Promise<unknown>>): Promise<Record<string, string>> => {
    const outcomes: Record<string, string> = {};
    for (const [name, action] of Object.entries(actions)) {
      outcomes[name] = await action().then(
        () => 'done',
        (error: { code?: string }) => error.code ?? String(error),
      );
    }
    return outcomes;
  };
  const storyOf = async (groupId: string): Promise<unknown> =>
    parley.sql.rows(
      `SELECT g.*, c.maxSeq, c.memberVersion, (SELECT COUNT(*) FROM group_requests r WHERE r.groupPk = g.id) AS requests
         FROM chat_groups g JOIN conversations c ON c.lowPk = g.id AND c.kind = 2 WHERE g.groupId = ?`,
      [groupId],
    );

  it('is made by nobody whose session was ended before it was asked for, whatever a door still believes', async () => {
    const carol = await session();
    const caller = await callerOf(carol);
    const { groupId } = await aGroup(app, [carol, bob]);
    await ok(app.api.delete(`/v1/users/${carol.userId}/sessions`));
    const before = await storyOf(groupId);
    const actions = everything(caller, groupId, bob.userId);
    expect(await refusalsOf(actions)).toEqual(
      Object.fromEntries(Object.keys(actions).map((name) => [name, 'TOKEN_REVOKED'])),
    );
    expect(await storyOf(groupId)).toEqual(before);
  });

  it('is made by nobody who was deactivated, and by nobody at all while the app is offline', async () => {
    const carol = await session();
    const caller = await callerOf(carol);
    const { groupId } = await aGroup(app, [carol, bob]);
    await ok(app.api.post(`/v1/users/${carol.userId}/deactivate`));
    expect(await refusalsOf({ change: () => use(GroupsService).change(caller, groupId, { name: 'x' }) })).toEqual({
      change: 'USER_DEACTIVATED',
    });
    const other = await anApp(parley);
    const [owner, member] = [await aUser(other), await aUser(other)];
    const at = await aCallerOf(parley, await aSession(owner));
    const made = await aGroup(other, [owner, member]);
    await ok(other.developer.api.post(`/v1/apps/${other.appId}/offline`, {}));
    const server: TenantCaller = { kind: 'app', app: at.app };
    for (const by of [at, server]) {
      const { remove, announce } = everything(by, made.groupId, member.userId);
      expect(await refusalsOf({ remove, announce })).toEqual({ remove: 'APP_NOT_ONLINE', announce: 'APP_NOT_ONLINE' });
    }
  });

  it('goes on for a user of whom another session was ended', async () => {
    const caller = await callerOf(ann);
    const { groupId } = await aGroup(app, [ann, bob]);
    const other = await aSession(ann.user);
    await ok(ann.api.delete(`/v1/users/${ann.userId}/sessions/${other.sessionId}`));
    expect(await use(GroupsService).change(caller, groupId, { name: 'Still mine' })).toMatchObject({
      name: 'Still mine',
    });
  });
});
