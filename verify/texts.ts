import { createHash } from 'node:crypto';
import type { Text } from './pest';
import type { Tenant } from './tenants';

/** The same label gives the same clientMessageId in every tenant, on purpose: ids are no wall. */
const content = ({ canary }: Tenant, label: string) => ({
  id: createHash('sha256').update(label).digest('base64url').slice(0, 24),
  text: `${canary} ${label}`,
});

export function directMessage(tenant: Tenant, from: string, to: string, label: string): Text {
  const conversationId = from < to ? `user:${from}:${to}` : `user:${to}:${from}`;
  return { to: { kind: 'user', id: to }, conversationId, sender: from, ...content(tenant, label) };
}

export function notice(tenant: Tenant, userId: string, label: string): Text {
  const conversationId = `system:${userId}`;
  return { to: { kind: 'user', id: userId }, conversationId, sender: '-', ...content(tenant, label) };
}

export const roomMessage = (tenant: Tenant, from: string, chatroomId: string, label: string): Text => ({
  ...{ to: { kind: 'chatroom', id: chatroomId }, conversationId: `chatroom:${chatroomId}`, sender: from },
  ...content(tenant, label),
});

/** @param recipients when it is directed to some members */
export function groupMessage(
  tenant: Tenant,
  from: string,
  groupId: string,
  label: string,
  recipients?: string[],
): Text {
  const to = { kind: 'group' as const, id: groupId };
  const message = { to, conversationId: `group:${groupId}`, sender: from, ...content(tenant, label) };
  return recipients ? { ...message, recipients } : message;
}
