import { Injectable } from '@nestjs/common';
import type { AppCaller, TenantCaller, UserCaller } from '../../kernel/caller';
import { AppError, type WireError } from '../../kernel/errors/app-error';
import { randomId } from '../../kernel/ids';
import { readCursor } from '../../platform/entry/cursor';
import { limitOf, type Page, type PageQuery } from '../../platform/entry/page-query';
import { Pages } from '../../platform/entry/pages';
import { type Named, Users } from '../accounts';
import { attributesText } from './attributes';
import type { PatchMemberDto } from './dto/group.dto';
import { GroupChanges } from './group-changes';
import type { Role } from './group.entity';
import { GroupMembersRepository } from './group-members.repository';
import type { Standing } from './group-records';
import { assertAbove, assertManager, assertMember, type Scene } from './group-scene';
import { type MemberView, memberView } from './group-view';
import { GroupsRepository } from './groups.repository';
import { GroupsService } from './groups.service';
import { Newcomers } from './newcomers';

export type AddedItem =
  { ok: true; userId: string; status: 'joined' } | { ok: false; userId: string; error: WireError };

/** Who is in a group, and as what. */
@Injectable()
export class GroupMembersService {
  constructor(
    private readonly users: Users,
    private readonly service: GroupsService,
    private readonly groups: GroupsRepository,
    private readonly members: GroupMembersRepository,
    private readonly changes: GroupChanges,
    private readonly newcomers: Newcomers,
    private readonly pages: Pages,
  ) {}

  /** In the order in which they first came to the app. */
  async list(caller: TenantCaller, groupId: string, query: PageQuery): Promise<Page<MemberView>> {
    const seen = await this.service.seen(caller, groupId);
    assertMember({ caller, ...seen });
    const [after] = readCursor(query.cursor, 'number') ?? [0];
    const limit = limitOf(query);
    const rows = await this.members.page(seen.group.id, after, limit + 1);
    return this.pages.of(rows, limit, ({ userPk }) => [userPk], memberView);
  }

  async one(caller: TenantCaller, groupId: string, userId: string): Promise<MemberView> {
    const seen = await this.service.seen(caller, groupId);
    assertMember({ caller, ...seen });
    const user = await this.users.resolve(caller.app, userId);
    const member = user && (await this.members.one(seen.group.id, user.userPk));
    if (!member) throw new AppError('MEMBER_NOT_FOUND');
    return memberView(member);
  }

  /** The app's server lets users in, whatever the group's rules; who is in already stays. */
  async add(caller: AppCaller, groupId: string, userIds: readonly string[]): Promise<{ items: AddedItem[] }> {
    // A group that is not there makes no users wait for it.
    await this.service.seen(caller, groupId);
    const named = await this.newcomers.named(caller, userIds);
    const traceId = randomId(16);
    return this.changes.run(caller, groupId, async (scene) => {
      const there = named.filter(({ refused }) => !refused);
      const standings = await this.groups.standings(
        scene.tx,
        scene.group.id,
        there.map(({ userPk }) => userPk),
      );
      const refusalOf = ({ userPk, refused }: (typeof named)[number]): AppError | undefined => {
        if (refused) return refused;
        const standing = standings.get(userPk);
        if (!standing) return new AppError('USER_NOT_FOUND');
        return standing.banned === 1 ? new AppError('BANNED') : undefined;
      };
      const fresh = there.filter((user) => !refusalOf(user) && !standings.get(user.userPk)?.role);
      await this.newcomers.enter(scene, fresh);
      const items = named.map((user): AddedItem => {
        const error = refusalOf(user);
        const { userId } = user;
        return error ? { ok: false, userId, error: error.toWire(traceId) } : { ok: true, userId, status: 'joined' };
      });
      if (fresh.length === 0) return { result: { items } };
      return { result: { items }, happened: [{ kind: 'joined', users: fresh }], entered: fresh };
    });
  }

  async leave(caller: UserCaller, groupId: string): Promise<void> {
    await this.changes.run(
      caller,
      groupId,
      async (scene) => {
        assertMember(scene);
        if (scene.group.ownerPk === caller.userPk) throw new AppError('OWNER_MUST_TRANSFER');
        await this.newcomers.leave(scene, caller.userPk);
        return {
          result: undefined,
          happened: [{ kind: 'left', users: [caller] }],
          gone: [caller.userPk],
        };
      },
      { evenSuspended: true },
    );
  }

  /** Its own id: leaves. Another's: the owner removes it, an admin where the group says so, or the app's server. */
  async remove(caller: TenantCaller, groupId: string, userId: string): Promise<void> {
    if (caller.kind === 'user' && caller.userId === userId) return this.leave(caller, groupId);
    await this.about(caller, groupId, userId, async (scene, user, standing) => {
      assertManager(scene, scene.group.adminsMayRemove === 1);
      if (!standing.role) throw new AppError('MEMBER_NOT_FOUND');
      if (scene.group.ownerPk === user.userPk) throw new AppError('OWNER_MUST_TRANSFER');
      assertAbove(scene, standing);
      await this.newcomers.leave(scene, user.userPk);
      return {
        result: undefined,
        happened: [{ kind: 'removed', users: [user] }],
        gone: [user.userPk],
      };
    });
  }

  /** Its own nickname and attributes; the owner, admins and the app's server change everybody's. */
  async change(caller: TenantCaller, groupId: string, userId: string, patch: PatchMemberDto): Promise<MemberView> {
    const attributes = attributesText(patch.attributes, 'attributes', 2048);
    await this.about(caller, groupId, userId, async (scene, user, standing) => {
      if (caller.kind === 'user' && caller.userPk === user.userPk) assertMember(scene);
      else assertManager(scene, true);
      if (!standing.role) throw new AppError('MEMBER_NOT_FOUND');
      const set = { nickname: patch.nickname, attributes };
      await this.members.change(scene.tx, scene.group.id, user.userPk, set);
      return { result: undefined, happened: [{ kind: 'updated', users: [user], more: { member: patch } }] };
    });
    return this.one(caller, groupId, userId);
  }

  async setAdmin(caller: TenantCaller, groupId: string, userId: string, admin: boolean): Promise<void> {
    await this.about(caller, groupId, userId, async (scene, user, standing) => {
      assertManager(scene, false);
      const role: Role = admin ? 'admin' : 'member';
      if (!standing.role) throw new AppError('MEMBER_NOT_FOUND');
      if (standing.role === role) return { result: undefined };
      if (standing.role === 'owner')
        throw new AppError('FORBIDDEN', { message: 'The owner decides everything already.' });
      await this.members.setRole(scene.tx, scene.group.id, user.userPk, role);
      return { result: undefined, happened: [{ kind: 'admin-changed', users: [user], more: { admin } }] };
    });
  }

  /** The owner before stays as a member, if it was one. */
  async transfer(caller: TenantCaller, groupId: string, userId: string): Promise<void> {
    await this.about(caller, groupId, userId, async (scene, user, standing) => {
      assertManager(scene, false);
      const { tx, group } = scene;
      if (!standing.role) throw new AppError('MEMBER_NOT_FOUND');
      if (group.ownerPk === user.userPk) return { result: undefined };
      await this.newcomers.assertLiving(scene, [user]);
      await this.members.setRole(tx, group.id, group.ownerPk, 'member');
      await this.members.setRole(tx, group.id, user.userPk, 'owner');
      await this.groups.change(tx, group.id, { ownerPk: user.userPk });
      return { result: undefined, happened: [{ kind: 'owner-changed', users: [user] }] };
    });
  }

  /** A change about one user of the app, in or not. */
  private async about(
    caller: TenantCaller,
    groupId: string,
    userId: string,
    work: (scene: Scene, user: Named, standing: Standing) => ReturnType<Parameters<GroupChanges['run']>[2]>,
  ): Promise<void> {
    const user = await this.users.resolve(caller.app, userId);
    await this.changes.run(caller, groupId, async (scene) => {
      // Who may not see the group learns nothing about its members either.
      assertMember(scene);
      const standing = user && (await this.groups.standings(scene.tx, scene.group.id, [user.userPk])).get(user.userPk);
      if (!user || !standing) throw new AppError('MEMBER_NOT_FOUND');
      return work(scene, user, standing);
    });
  }
}
