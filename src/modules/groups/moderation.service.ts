import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { untilOf } from '../../platform/database/until';
import { readCursor } from '../../platform/entry/cursor';
import { limitOf, type Page, type PageQuery } from '../../platform/entry/page-query';
import { Pages } from '../../platform/entry/pages';
import { type Named, Users } from '../accounts';
import { GroupChanges } from './group-changes';
import type { Standing } from './group-records';
import { GroupRequestsRepository } from './group-requests.repository';
import { assertAbove, assertManager, type Outcome, type Scene } from './group-scene';
import { GroupsRepository } from './groups.repository';
import { GroupsService } from './groups.service';
import { Newcomers } from './newcomers';

/** Who may not speak, who alone may, and who may not come in: decided by the owner, admins and the app's server. */
@Injectable()
export class ModerationService {
  constructor(
    private readonly users: Users,
    private readonly service: GroupsService,
    private readonly groups: GroupsRepository,
    private readonly requests: GroupRequestsRepository,
    private readonly changes: GroupChanges,
    private readonly newcomers: Newcomers,
    private readonly pages: Pages,
  ) {}

  /** For `seconds` by the database's clock, or for ever. Leaving and coming back does not end it. */
  async mute(caller: TenantCaller, groupId: string, userId: string, seconds?: number): Promise<void> {
    await this.about(caller, groupId, userId, async ({ tx, group }, user, standing) => {
      if (!standing.role) throw new AppError('MEMBER_NOT_FOUND');
      await this.groups.sanction(tx, group, user.userPk, { muted: seconds ?? 'for-ever' });
      const more = seconds === undefined ? {} : { seconds };
      return { result: undefined, happened: [{ kind: 'muted', users: [user], more }] };
    });
  }

  async unmute(caller: TenantCaller, groupId: string, userId: string): Promise<void> {
    await this.about(caller, groupId, userId, async ({ tx, group }, user, { mutedUntil }) => {
      if (!mutedUntil) return { result: undefined };
      await this.groups.sanction(tx, group, user.userPk, { muted: 'no' });
      return { result: undefined, happened: [{ kind: 'unmuted', users: [user] }] };
    });
  }

  /** All but the owner, admins, and those on the allow-list. */
  muteAll(caller: TenantCaller, groupId: string, mute: boolean): Promise<void> {
    return this.changes.run(caller, groupId, async (scene): Promise<Outcome<void>> => {
      assertManager(scene, true);
      if ((scene.group.muteAll === 1) === mute) return { result: undefined };
      await this.groups.change(scene.tx, scene.group.id, { muteAll: mute ? 1 : 0 });
      const kind = mute ? 'muted' : 'unmuted';
      return { result: undefined, happened: [{ kind, users: [], more: { all: true } }] };
    });
  }

  /** The allow-list: who speaks while all are muted. */
  async allow(caller: TenantCaller, groupId: string, userId: string, maySpeak: boolean): Promise<void> {
    await this.about(caller, groupId, userId, async ({ tx, group }, user, standing) => {
      if (!standing.role) throw new AppError('MEMBER_NOT_FOUND');
      if ((standing.maySpeak === 1) === maySpeak) return { result: undefined };
      await this.groups.sanction(tx, group, user.userPk, { maySpeak });
      return { result: undefined, happened: [{ kind: 'updated', users: [user], more: { maySpeak } }] };
    });
  }

  /** Removes who is in, and lets nobody of this id in again. */
  async ban(caller: TenantCaller, groupId: string, userId: string): Promise<void> {
    await this.about(caller, groupId, userId, async (scene, user, standing) => {
      const { tx, group } = scene;
      if (group.ownerPk === user.userPk) throw new AppError('OWNER_MUST_TRANSFER');
      if (standing.banned === 1) return { result: undefined };
      if (standing.role) await this.newcomers.leave(scene, user.userPk);
      await this.groups.sanction(tx, group, user.userPk, { banned: true });
      await this.requests.settle(tx, group.id, [user.userPk], 'out');
      if (!standing.role) return { result: undefined };
      return {
        result: undefined,
        happened: [{ kind: 'removed', users: [user], more: { banned: true } }],
        gone: [user.userPk],
      };
    });
  }

  async unban(caller: TenantCaller, groupId: string, userId: string): Promise<void> {
    await this.about(caller, groupId, userId, async ({ tx, group }, user) => {
      await this.groups.sanction(tx, group, user.userPk, { banned: false });
      return { result: undefined };
    });
  }

  /** Who is banned, muted or on the allow-list. */
  async list(
    caller: TenantCaller,
    groupId: string,
    what: 'banned' | 'muted' | 'maySpeak',
    query: PageQuery,
  ): Promise<Page<{ userId: string; until?: string | null }>> {
    const seen = await this.service.seen(caller, groupId);
    assertManager({ caller, ...seen }, true);
    const [after] = readCursor(query.cursor, 'number') ?? [0];
    const limit = limitOf(query);
    const rows = await this.groups.sanctioned(seen.group.id, what, after, limit + 1);
    return this.pages.of(
      rows,
      limit,
      ({ userPk }) => [userPk],
      ({ userId, mutedUntil }) => ({ userId, ...(what === 'muted' && { until: untilOf(mutedUntil) }) }),
    );
  }

  private async about(
    caller: TenantCaller,
    groupId: string,
    userId: string,
    work: (scene: Scene, user: Named, standing: Standing) => Promise<Outcome<void>>,
  ): Promise<void> {
    const user = await this.users.resolve(caller.app, userId);
    await this.changes.run(caller, groupId, async (scene) => {
      assertManager(scene, true);
      const standing = user && (await this.groups.standings(scene.tx, scene.group.id, [user.userPk])).get(user.userPk);
      if (!user || !standing) throw new AppError('USER_NOT_FOUND');
      assertAbove(scene, standing);
      return work(scene, user, standing);
    });
  }
}
