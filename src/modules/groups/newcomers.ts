import { Injectable } from '@nestjs/common';
import type { AppRef, TenantCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { type Named, Recipients } from '../accounts';
import { Members } from '../conversations';
import { Apps, quotaExceeded } from '../tenancy';
import { GroupMembersRepository } from './group-members.repository';
import { GroupRequestsRepository } from './group-requests.repository';
import type { Scene } from './group-scene';
import { GroupsRepository } from './groups.repository';

/** What became of each of several users. */
export interface Newcomer extends Named {
  readonly refused?: AppError;
}

/** Lets users in: the one place where members come from. */
@Injectable()
export class Newcomers {
  constructor(
    private readonly apps: Apps,
    private readonly recipients: Recipients,
    private readonly groups: GroupsRepository,
    private readonly members: GroupMembersRepository,
    private readonly requests: GroupRequestsRepository,
    private readonly windows: Members,
  ) {}

  /** Users by id, with the refusal of those who are not there. Where the app allows it, a valid new name waits. */
  async named(caller: TenantCaller, userIds: readonly string[]): Promise<Newcomer[]> {
    const found: Newcomer[] = [];
    for (const userId of userIds) {
      try {
        const { userPk } = await this.recipients.find(caller.app, caller, userId);
        found.push({ userPk, userId });
      } catch (error) {
        if (!(error instanceof AppError) || error.code === 'RETRY') throw error;
        found.push({ userPk: 0, userId, refused: error });
      }
    }
    return found;
  }

  /**
   * Users who come in together or not at all: where one is refused, no new name is made to wait for the group.
   *
   * @throws AppError the first refusal, with the field `members[…]`
   */
  allNamed(caller: TenantCaller, userIds: readonly string[]): Promise<Named[]> {
    const names = userIds.map((userId, index) => ({ userId, field: `members[${index}]` }));
    return this.recipients.findAll(caller.app, caller, names);
  }

  /** @throws AppError GROUP_FULL, QUOTA_EXCEEDED (`groupMembers`) where a group cannot have so many members */
  async assertRoom(app: AppRef, maxMembers: number, wanted: number): Promise<void> {
    const planLimit = (await this.apps.byPk(app.pk))?.quotas.groupMembers;
    if (planLimit !== undefined && wanted > planLimit) throw quotaExceeded('groupMembers', planLimit);
    if (wanted > maxMembers) throw new AppError('GROUP_FULL', { details: { limit: maxMembers } });
  }

  /**
   * Opens the group to these users, none of whom is in: windows from the next seq on (or from the first, where the group
   * says so), and what they waited for is settled. O(1) in the size of the group.
   *
   * @throws AppError GROUP_FULL, QUOTA_EXCEEDED (`groupMembers`), USER_NOT_FOUND
   */
  async enter(scene: Scene, users: readonly Named[], owner?: number): Promise<void> {
    const { tx, group, conversation, head, caller } = scene;
    if (users.length === 0) return;
    const wanted = group.memberCount + users.length;
    await this.assertRoom(caller.app, group.maxMembers, wanted);
    await this.assertLiving(scene, users);
    const pks = users.map(({ userPk }) => userPk);
    await this.members.insert(
      tx,
      group,
      pks.filter((pk) => pk !== owner),
      'member',
    );
    if (owner !== undefined && pks.includes(owner)) await this.members.insert(tx, group, [owner], 'owner');
    await this.windows.enter(tx, conversation, head, pks, group.historyForNewMembers ? 1 : head.maxSeq + 1);
    await this.groups.change(tx, group.id, { memberCount: wanted });
    await this.requests.settle(tx, group.id, pks, 'in');
  }

  /** They live until the transaction's end: whoever is deleted later finds itself in, and is taken out (departed.ts). */
  async assertLiving({ tx }: Scene, users: readonly Named[]): Promise<void> {
    const living = await this.groups.lockLiving(
      tx,
      users.map(({ userPk }) => userPk),
    );
    if (living.length < users.length) throw new AppError('USER_NOT_FOUND');
  }

  /** Closes the group to one who is in. */
  async leave({ tx, group, conversation, head }: Scene, userPk: number): Promise<void> {
    await this.groups.lockUser(tx, userPk);
    await this.members.remove(tx, group.id, userPk);
    await this.windows.leave(tx, conversation, [userPk], head.maxSeq + 1);
    await this.groups.change(tx, group.id, { memberCount: group.memberCount - 1 });
  }
}
