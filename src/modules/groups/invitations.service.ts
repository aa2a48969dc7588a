import { Injectable } from '@nestjs/common';
import type { TenantCaller, UserCaller } from '../../kernel/caller';
import { AppError, type WireError } from '../../kernel/errors/app-error';
import { randomId } from '../../kernel/ids';
import { readCursor } from '../../platform/entry/cursor';
import { limitOf, type Page, type PageQuery } from '../../platform/entry/page-query';
import { Pages } from '../../platform/entry/pages';
import type { Named } from '../accounts';
import { Audiences } from '../conversations';
import { GroupChanges } from './group-changes';
import type { RequestRecord } from './group-records';
import { GroupRequestsRepository } from './group-requests.repository';
import { assertMayInvite, assertVisible, type Outcome, type Scene, type Telling } from './group-scene';
import type { InvitationView } from './group-view';
import { GroupsRepository } from './groups.repository';
import { GroupsService } from './groups.service';
import { type Newcomer, Newcomers } from './newcomers';

export interface InvitedItem {
  userId: string;
  status: 'joined' | 'invited' | 'refused';
  invitationId?: string;
  error?: WireError;
}

/** Coming in by the wish of somebody inside, with one's consent where the group asks for it. */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly service: GroupsService,
    private readonly audiences: Audiences,
    private readonly groups: GroupsRepository,
    private readonly requests: GroupRequestsRepository,
    private readonly changes: GroupChanges,
    private readonly newcomers: Newcomers,
    private readonly pages: Pages,
  ) {}

  /** By the owner, admins, members where the group says so, and the app's server; an answer for each. */
  async invite(caller: TenantCaller, groupId: string, userIds: readonly string[]): Promise<{ items: InvitedItem[] }> {
    // Whoever may not invite makes no users wait for the group.
    assertMayInvite({ caller, ...(await this.service.seen(caller, groupId)) });
    const named = await this.newcomers.named(caller, userIds);
    const traceId = randomId(16);
    return this.changes.run(caller, groupId, async (scene): Promise<Outcome<{ items: InvitedItem[] }>> => {
      assertMayInvite(scene);
      const { items, fresh, told } = await this.answers(scene, named, traceId);
      await this.newcomers.enter(scene, fresh);
      return {
        result: { items },
        told,
        ...(fresh.length > 0 && { happened: [{ kind: 'joined', users: fresh }], entered: fresh }),
      };
    });
  }

  private async answers(scene: Scene, named: readonly Newcomer[], traceId: string) {
    const { tx, group, caller } = scene;
    const there = named.filter(({ refused }) => !refused).map(({ userPk }) => userPk);
    const standings = await this.groups.standings(tx, group.id, there);
    const fresh: Named[] = [];
    const told: Telling[] = [];
    const items: InvitedItem[] = [];
    for (const { userPk, userId, refused } of named) {
      const standing = standings.get(userPk);
      const refusal =
        refused ?? (!standing ? new AppError('USER_NOT_FOUND') : standing.banned === 1 && new AppError('BANNED'));
      if (refusal) items.push({ userId, status: 'refused', error: refusal.toWire(traceId) });
      else if (standing?.role) items.push({ userId, status: 'joined' });
      else if (group.invitationsNeedConsent === 1) {
        const invitedByPk = caller.kind === 'user' ? caller.userPk : 0;
        const opened = await this.requests.open(tx, group, 'invitation', userPk, { invitedByPk });
        const more = { invitationId: opened.requestId };
        items.push({ userId, status: 'invited', ...more });
        const about = opened.requestId;
        if (opened.fresh)
          told.push({ kind: 'invited', users: [{ userPk, userId }], more, to: [userPk], kept: true, about });
      } else {
        fresh.push({ userPk, userId });
        items.push({ userId, status: 'joined' });
      }
    }
    return { items, fresh, told };
  }

  accept(caller: UserCaller, groupId: string, invitationId: string): Promise<{ status: 'joined' }> {
    return this.changes.run(caller, groupId, async (scene): Promise<Outcome<{ status: 'joined' }>> => {
      const invitation = await this.own(scene, caller, invitationId);
      const result = { status: 'joined' as const };
      if (scene.standing?.role) return { result };
      if (scene.standing?.banned === 1) throw new AppError('BANNED');
      if (invitation.status !== 'pending') throw decided(invitation);
      await this.newcomers.enter(scene, [caller]);
      return { result, happened: [{ kind: 'joined', users: [caller] }], entered: [caller] };
    });
  }

  decline(caller: UserCaller, groupId: string, invitationId: string): Promise<{ status: 'declined' }> {
    return this.changes.run(caller, groupId, async (scene): Promise<Outcome<{ status: 'declined' }>> => {
      const invitation = await this.own(scene, caller, invitationId);
      const result = { status: 'declined' as const };
      if (invitation.status === 'declined') return { result };
      if (invitation.status !== 'pending') throw decided(invitation);
      await this.requests.decide(scene.tx, invitation.id, 'declined');
      const to = [invitation.invitedByPk || scene.group.ownerPk];
      const told = {
        kind: 'invitation-declined',
        users: [caller],
        more: { invitationId },
        about: invitationId,
      } as const;
      return { result, told: [{ ...told, to, kept: true }] };
    });
  }

  /** What waits for the user's answer. */
  async listOf(caller: TenantCaller, userId: string, query: PageQuery): Promise<Page<InvitationView>> {
    const userPk = await this.service.self(caller, userId);
    const [after] = readCursor(query.cursor, 'number') ?? [0];
    const limit = limitOf(query);
    const rows = await this.requests.invitationsOf(userPk, after, limit + 1);
    const names = await this.audiences.names.namesOf(rows.map(({ invitedByPk }) => invitedByPk));
    return this.pages.of(
      rows,
      limit,
      ({ id }) => [id],
      ({ requestId, groupId, invitedByPk, createdAt }) => ({
        invitationId: requestId,
        groupId,
        ...(names.has(invitedByPk) && { invitedBy: names.get(invitedByPk) }),
        createdAt: createdAt.toISOString(),
      }),
    );
  }

  /** An invitation shows its group to the invited, and to nobody else. */
  private async own(scene: Scene, caller: UserCaller, invitationId: string): Promise<RequestRecord> {
    const { tx, group } = scene;
    const invitation = await this.requests.find(tx, group.id, 'invitation', invitationId);
    if (invitation?.userPk === caller.userPk) return invitation;
    assertVisible(scene);
    throw new AppError('INVITATION_NOT_FOUND');
  }
}

const decided = ({ status }: RequestRecord): AppError => new AppError('ALREADY_DECIDED', { details: { status } });
