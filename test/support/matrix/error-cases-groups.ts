import type { ErrorCode } from '../../../src/kernel/errors/catalogue';
import { aConnectedUser, aGroup } from '../builders';
import { ok } from '../http';
import type { ErrorBench } from './error-bench';
import type { ErrorCase } from './error-cases';
import { rest, socket, type Seen } from './failures';

/** A send into a group, through both doors. */
const sends = async ({ api, device }: ErrorBench['ann'], id: string, text: ErrorBench['text']): Promise<Seen[]> => {
  const command = () => ({ ...text(id), to: { kind: 'group' as const, id } });
  return [await rest(api.post('/v1/messages', command())), await socket(device.ask('message:send', command()))];
};

/** What groups refuse. */
export const GROUP_CASES = {
  NOT_MEMBER: async ({ app, ann, bob, text }) =>
    sends(bob, (await aGroup(app, [ann], { visibility: 'public' })).groupId, text),
  MUTED: async ({ app, ann, bob, text }) => {
    const { groupId } = await aGroup(app, [ann, bob]);
    await ok(ann.api.put(`/v1/groups/${groupId}/mutes/${bob.userId}`, {}));
    return sends(bob, groupId, text);
  },
  BANNED: async ({ app, ann, bob }) => {
    const { groupId } = await aGroup(app, [ann, bob], { visibility: 'public' });
    await ok(ann.api.put(`/v1/groups/${groupId}/bans/${bob.userId}`, {}));
    return [
      await rest(bob.api.post(`/v1/groups/${groupId}/join-requests`, {})),
      await socket(bob.device.ask('group:join', { groupId })),
    ];
  },
  GROUP_SUSPENDED: async ({ app, ann, text }) => {
    const { groupId } = await aGroup(app, [ann]);
    await ok(app.api.put(`/v1/groups/${groupId}/suspension`));
    return sends(ann, groupId, text);
  },
  MEMBER_NOT_FOUND: async ({ app, ann, bob }) => {
    const { groupId } = await aGroup(app, [ann]);
    return [
      await rest(ann.api.delete(`/v1/groups/${groupId}/members/${bob.userId}`)),
      await socket(ann.device.ask('group:remove', { groupId, userId: bob.userId })),
    ];
  },
  REQUEST_NOT_FOUND: async ({ app, ann }) => {
    const { groupId } = await aGroup(app, [ann]);
    return [
      await rest(ann.api.post(`/v1/groups/${groupId}/join-requests/nothing/approve`, {})),
      await socket(ann.device.ask('group:reject', { groupId, requestId: 'nothing' })),
    ];
  },
  INVITATION_NOT_FOUND: async ({ app, ann }) => {
    const { groupId } = await aGroup(app, [ann]);
    return [
      await rest(ann.api.post(`/v1/groups/${groupId}/invitations/nothing/accept`, {})),
      await socket(ann.device.ask('group:decline', { groupId, invitationId: 'nothing' })),
    ];
  },
  MESSAGE_NOT_FOUND: async ({ app, ann }) => {
    const { groupId } = await aGroup(app, [ann]);
    return [await rest(ann.api.get(`/v1/groups/${groupId}/messages/99/readers`))];
  },
  OWNER_MUST_TRANSFER: async ({ app, ann }) => {
    const { groupId } = await aGroup(app, [ann]);
    return [
      await rest(ann.api.delete(`/v1/groups/${groupId}/members/${ann.userId}`)),
      await socket(ann.device.ask('group:leave', { groupId })),
    ];
  },
  GROUP_FULL: async ({ app, ann }) => {
    const { groupId } = await aGroup(app, [ann], { visibility: 'public', maxMembers: 1 });
    const eve = await aConnectedUser(app);
    const seen = [
      await rest(eve.api.post(`/v1/groups/${groupId}/join-requests`, {})),
      await socket(eve.device.ask('group:join', { groupId })),
    ];
    eve.device.close();
    return seen;
  },
  ALREADY_DECIDED: async ({ app, ann }) => {
    const { groupId } = await aGroup(app, [ann]);
    const eve = await aConnectedUser(app);
    const { requestId } = await eve.device.tell('group:join', { groupId });
    await ok(ann.api.post(`/v1/groups/${groupId}/join-requests/${requestId}/reject`, {}));
    eve.device.close();
    return [
      await rest(ann.api.post(`/v1/groups/${groupId}/join-requests/${requestId}/approve`, {})),
      await socket(ann.device.ask('group:approve', { groupId, requestId: String(requestId) })),
    ];
  },
} satisfies Partial<Record<ErrorCode, ErrorCase>>;
