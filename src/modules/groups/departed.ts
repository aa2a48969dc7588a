import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import type { AppCaller } from '../../kernel/caller';
import { Departures, type DepartedUser } from '../accounts';
import { Apps } from '../tenancy';
import { GroupChanges } from './group-changes';
import { GroupMembersRepository } from './group-members.repository';
import { GroupRequestsRepository } from './group-requests.repository';
import type { Happening, Outcome, Scene } from './group-scene';
import { GroupsRepository } from './groups.repository';
import { Newcomers } from './newcomers';

const AT_ONCE = 100;

/** Takes deleted users out of their groups. A group that was theirs goes to whom it is closest to, or ends. */
@Injectable()
export class Departed {
  constructor(
    private readonly apps: Apps,
    private readonly groups: GroupsRepository,
    private readonly members: GroupMembersRepository,
    private readonly requests: GroupRequestsRepository,
    private readonly changes: GroupChanges,
    private readonly newcomers: Newcomers,
    departures: Departures,
  ) {
    departures.onDeparture((user) => this.leaveAll(user));
  }

  private async leaveAll(user: DepartedUser): Promise<void> {
    const app = await this.apps.byPk(user.appPk);
    if (!app) return;
    const caller: AppCaller = { kind: 'app', app };
    await this.requests.forget(user.userPk);
    for (;;) {
      const groupIds = await this.groups.heldBy(user.userPk, AT_ONCE);
      for (const groupId of groupIds) await this.leave(caller, groupId, user);
      if (groupIds.length < AT_ONCE) return;
    }
  }

  private async leave(caller: AppCaller, groupId: string, user: DepartedUser): Promise<void> {
    try {
      await this.changes.run(caller, groupId, (scene) => this.depart(scene, user), { unasked: true });
    } catch (error) {
      // Dissolved meanwhile: nothing is left to leave.
      if (!(error instanceof AppError) || error.code !== 'GROUP_NOT_FOUND') throw error;
    }
  }

  private async depart(scene: Scene, user: DepartedUser): Promise<Outcome<void>> {
    const { tx, group } = scene;
    const happened: Happening[] = [];
    const orphaned = group.ownerPk === user.userPk;
    const heir = orphaned ? await this.members.heir(tx, group.id, user.userPk) : undefined;
    if (heir) {
      await this.members.setRole(tx, group.id, heir.userPk, 'owner');
      await this.groups.change(tx, group.id, { ownerPk: heir.userPk });
      happened.push({ kind: 'owner-changed', users: [heir] });
    }
    const inside = await this.members.has(tx, group.id, user.userPk);
    if (inside) {
      await this.newcomers.leave(scene, user.userPk);
      happened.push({ kind: 'removed', users: [user], more: { deleted: true } });
    }
    if (orphaned && !heir) {
      await this.groups.change(tx, group.id, { status: 'dissolved' });
      happened.push({ kind: 'dissolved', users: [] });
    }
    return { result: undefined, happened, gone: inside ? [user.userPk] : [] };
  }
}
