import { Injectable } from '@nestjs/common';
import type { TenantCaller, UserCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { readCursor } from '../../platform/entry/cursor';
import { limitOf, type Page } from '../../platform/entry/page-query';
import { Pages } from '../../platform/entry/pages';
import type { RequestsQuery } from './dto/group.dto';
import { GroupChanges } from './group-changes';
import { GroupMembersRepository } from './group-members.repository';
import type { RequestRecord } from './group-records';
import { GroupRequestsRepository } from './group-requests.repository';
import { assertManager, assertVisible, type Outcome, type Scene } from './group-scene';
import { type RequestView, requestView } from './group-view';
import { GroupsRepository } from './groups.repository';
import { GroupsService } from './groups.service';
import { joinPolicyOf } from './join-policy';
import { Newcomers } from './newcomers';

export interface JoinAnswer {
  requestId?: string;
  status: 'joined' | 'pending';
}

/** Coming in by one's own wish: at once, or when the owner, an admin or the app's server agrees. */
@Injectable()
export class JoinRequestsService {
  constructor(
    private readonly service: GroupsService,
    private readonly groups: GroupsRepository,
    private readonly members: GroupMembersRepository,
    private readonly requests: GroupRequestsRepository,
    private readonly changes: GroupChanges,
    private readonly newcomers: Newcomers,
    private readonly pages: Pages,
  ) {}

  /** Asked again while it waits, or once in, it answers the same. */
  join(caller: UserCaller, groupId: string, message?: string): Promise<JoinAnswer> {
    return this.changes.run(caller, groupId, async (scene): Promise<Outcome<JoinAnswer>> => {
      const { tx, group, standing } = scene;
      if (!standing) throw new AppError('USER_NOT_FOUND');
      if (standing.role) return { result: { status: 'joined' } };
      if (standing.banned === 1) throw new AppError('BANNED');
      const invited = await this.requests.pending(tx, group.id, 'invitation', caller.userPk);
      const owner = group.ownerPk === caller.userPk;
      if (joinPolicyOf(group.visibility).atOnce || invited || owner) {
        await this.newcomers.enter(scene, [caller], group.ownerPk);
        return { result: { status: 'joined' }, happened: [{ kind: 'joined', users: [caller] }], entered: [caller] };
      }
      const { requestId, fresh } = await this.requests.open(tx, group, 'request', caller.userPk, { message });
      const result = { requestId, status: 'pending' as const };
      if (!fresh) return { result };
      const more = { requestId, ...(message && { message }) };
      const to = await this.deciders(scene);
      return {
        result,
        told: [{ kind: 'join-requested', users: [caller], more, to, kept: true, about: requestId }],
      };
    });
  }

  async list(caller: TenantCaller, groupId: string, query: RequestsQuery): Promise<Page<RequestView>> {
    const seen = await this.service.seen(caller, groupId);
    assertManager({ caller, ...seen }, true);
    const [after] = readCursor(query.cursor, 'number') ?? [0];
    const limit = limitOf(query);
    const rows = await this.requests.page(seen.group.id, 'request', query.status ?? 'pending', after, limit + 1);
    return this.pages.of(rows, limit, ({ id }) => [id], requestView);
  }

  /** Of two who agree at once one lets the user in, and both are told that it is. */
  approve(caller: TenantCaller, groupId: string, requestId: string): Promise<RequestView> {
    return this.decide(caller, groupId, requestId, 'approved', async (scene, request) => {
      const { tx, group } = scene;
      const standing = (await this.groups.standings(tx, group.id, [request.userPk])).get(request.userPk);
      if (!standing) throw new AppError('USER_NOT_FOUND');
      await this.requests.decide(tx, request.id, 'approved');
      const result = requestView({ ...request, status: 'approved' });
      if (standing.role) return { result };
      await this.newcomers.enter(scene, [request]);
      return { result, happened: [{ kind: 'joined', users: [request], more: { requestId } }], entered: [request] };
    });
  }

  /** The other deciders hear of it as well: it waits for none of them any more. */
  reject(caller: TenantCaller, groupId: string, requestId: string, reason?: string): Promise<RequestView> {
    return this.decide(caller, groupId, requestId, 'rejected', async (scene, request) => {
      await this.requests.decide(scene.tx, request.id, 'rejected', reason);
      const more = { requestId, ...(reason && { reason }) };
      const to = [request.userPk, ...(await this.deciders(scene))];
      return {
        result: requestView({ ...request, status: 'rejected', reason: reason ?? null }),
        told: [{ kind: 'request-rejected', users: [request], more, to, kept: true, about: requestId }],
      };
    });
  }

  /** Those who decide about requests: the owner, in or not, and the admins. */
  private async deciders({ tx, group }: Scene): Promise<number[]> {
    return [...new Set([...(await this.members.managers(tx, group.id)), group.ownerPk])];
  }

  private decide(
    caller: TenantCaller,
    groupId: string,
    requestId: string,
    into: 'approved' | 'rejected',
    work: (scene: Scene, request: RequestRecord) => Promise<Outcome<RequestView>>,
  ): Promise<RequestView> {
    return this.changes.run(caller, groupId, async (scene) => {
      assertVisible(scene);
      assertManager(scene, true);
      const request = await this.requests.find(scene.tx, scene.group.id, 'request', requestId);
      if (!request) throw new AppError('REQUEST_NOT_FOUND');
      if (request.status === into) return { result: requestView(request) };
      if (request.status !== 'pending') {
        throw new AppError('ALREADY_DECIDED', { details: { status: request.status } });
      }
      return work(scene, request);
    });
  }
}
