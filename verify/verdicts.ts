import type { Happening } from './history';
import type { RestRequest } from './rest';

/** Something that an app's server decides about a sender, or about where it sends to. */
export interface Verdict {
  name: string;
  place: 'group' | 'chatroom';
  kind: Happening['kind'];
  /** Under the place's own path. */
  call: Pick<RestRequest, 'method'> & { path: string };
  banned?: true;
  /** What takes it back, where something does: the same path with DELETE. */
  undo?: Happening['kind'];
}

/** All that may be decided about `userId` and makes its next message fail. */
export function verdictsOn(userId: string): readonly Verdict[] {
  const mute = { method: 'PUT', path: `/mutes/${userId}` } as const;
  const ban = { method: 'PUT', path: `/bans/${userId}` } as const;
  const remove = { method: 'DELETE', path: `/members/${userId}` } as const;
  const end = { method: 'DELETE', path: '' } as const;
  return [
    { name: 'muted', place: 'group', kind: 'muted', call: mute, undo: 'unmuted' },
    { name: 'removed', place: 'group', kind: 'removed', call: remove },
    { name: 'banned', place: 'group', kind: 'removed', banned: true, call: ban, undo: 'unbanned' },
    { name: 'dissolved', place: 'group', kind: 'dissolved', call: end },
    { name: 'silenced', place: 'chatroom', kind: 'muted', call: mute, undo: 'unmuted' },
    { name: 'put-out', place: 'chatroom', kind: 'removed', call: remove },
    { name: 'shut-out', place: 'chatroom', kind: 'banned', call: ban, undo: 'unbanned' },
    { name: 'closed', place: 'chatroom', kind: 'closed', call: end },
  ];
}

/** As a group's log tells it, and a room's listeners hear it. */
export const happeningOf = ({ kind, banned, call }: Verdict, userId: string): Happening => ({
  kind,
  users: call.path === '' ? [] : [userId],
  ...(banned && { banned }),
});
