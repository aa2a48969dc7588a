import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { MESSAGE_TYPES } from '../../kernel/contracts/message';
import { SERVER_EVENTS, type ServerEventName } from '../../kernel/contracts/socket-events';
import type { Shape } from '../entry/shapes';
import { ON, type OnMark } from '../realtime/on.decorator';
import { errorSchema } from './error-catalogue';
import { inputSchema } from './input-schema';
import { readWireTypes, type WireTypes } from './wire-types';

type Json = Record<string, unknown>;

/** What each server event means; in contract.md's words; the build adds their shapes (wire-types.ts). */
const SERVER_EVENT_SUMMARIES: Record<ServerEventName, string> = {
  'message:new':
    'A message, of every kind: {id, conversationId, seq, from, to, clientMessageId, type, body, ext?, sentAt, revision, recalledAt?}. ' +
    `Known types: ${MESSAGE_TYPES.join(', ')}; others are delivered as they are`,
  'message:batch': 'Many messages at once, for clients with the feature `batch`: {messages}',
  'message:changed': 'A message was recalled or edited: the message as it is now',
  'conversation:tip': 'A conversation has grown; pull what you miss: {conversationId, maxSeq}',
  'sync:hint': 'Something may be missing; sync: {reason: "lagging" | "gap" | "bus"}',
  receipt: 'Somebody received or read up to a seq: {conversationId, userId, kind: "delivered" | "read", seq}',
  typing: 'Somebody types, or stopped: {conversationId, userId, typing}',
  'presence:event': 'A subscribed user came or went: {userId, online}',
  'group:event':
    'Something happened in a group, or between it and you: {groupId, kind: "created" | "joined" | "left" | "removed" | "invited" | "invitation-declined" | "join-requested" | "request-rejected" | "admin-changed" | "owner-changed" | "muted" | "unmuted" | "updated" | "dissolved", by, users, seq?, …}',
  'chatroom:event':
    'Something happened in a room that this socket joined: {chatroomId, kind: "member-joined" | "member-left" | "removed" | "banned" | "muted" | "unmuted" | "admin-changed" | "updated" | "attributes-changed" | "closed", by, users, memberCount?, …}',
  'user:event': "An entry of the user's own event log: {userSeq, kind, at, data}",
  'session:closed':
    'This socket ends now, for what it sent: {code: "RATE_LIMITED" | "TOO_LARGE"}. The session goes on; reconnect after a while',
  'session:kicked':
    'This session was ended, or a newer connection of the same device replaced this one; do not reconnect: {reason, byPlatform?}',
  'session:expiring': 'The token ends soon; renew it: {expiresAt}',
  'session:reconnect': 'The server goes away; reconnect after a while: {afterMs}',
};

/** Every event of the socket, read from the handlers that run: AsyncAPI 3.0. */
@Injectable()
export class EventCatalogue {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  asyncApi(types: WireTypes = readWireTypes()): Json {
    const client = [...this.handled()];
    const name = (event: string) => event.replaceAll(':', '-');
    const messages = Object.fromEntries([
      ...client.map(([event, shape]) => {
        const payload = inputSchema(shape, types.said.inputs);
        return [`client.${name(event)}`, { name: event, summary: types.said.events[event], payload }];
      }),
      ...SERVER_EVENTS.map((event) => [
        `server.${name(event)}`,
        { name: event, summary: SERVER_EVENT_SUMMARIES[event], payload: types.events.server[event] },
      ]),
      ...client.map(([event]) => [`reply.${name(event)}`, acknowledgement(types.events.replies[event])]),
    ]) as Json;
    const refs = Object.fromEntries(
      Object.keys(messages).map((key) => [key, { $ref: `#/components/messages/${key}` }]),
    );
    const operation = (key: string, action: 'send' | 'receive', more: Json = {}): [string, Json] => [
      key,
      {
        action,
        channel: { $ref: '#/channels/socket' },
        messages: [{ $ref: `#/channels/socket/messages/${key}` }],
        ...more,
      },
    ];
    return {
      asyncapi: '3.0.0',
      info: {
        title: 'Parley socket events',
        version: '1',
        description:
          'Socket.IO 4, default namespace, path /socket.io. Connect with `io(url, { auth: { token, device: { id, platform, state? }, features? } })`. Every client event takes one object and is acknowledged with `{ok: true, data}` or `{ok: false, error}`; a refusal comes there and nowhere else, so an event that is emitted without a callback is refused in silence. A refused handshake is `connect_error` with `data: {code, message, …}`.',
      },
      channels: { socket: { address: '/socket.io', messages: refs } },
      operations: Object.fromEntries([
        ...client.map(([event]) =>
          operation(`client.${name(event)}`, 'receive', {
            reply: { messages: [{ $ref: `#/channels/socket/messages/reply.${name(event)}` }] },
          }),
        ),
        ...SERVER_EVENTS.map((event) => operation(`server.${name(event)}`, 'send')),
      ]),
      components: { messages, schemas: types.schemas },
    };
  }

  private *handled(): Iterable<[string, Shape]> {
    for (const { instance } of this.discovery.getProviders() as { instance?: unknown }[]) {
      if (typeof instance !== 'object' || instance === null) continue;
      const prototype = Object.getPrototypeOf(instance) as object | null;
      if (!prototype || prototype === Object.prototype) continue;
      for (const method of this.scanner.getAllMethodNames(prototype)) {
        const mark = Reflect.getMetadata(ON, prototype, method) as OnMark | undefined;
        const shape = (Reflect.getMetadata('design:paramtypes', prototype, method) as Shape[] | undefined)?.[1];
        if (mark && shape) yield [mark.event, shape];
      }
    }
  }
}

const acknowledgement = (data: Json = {}): Json => ({
  name: 'acknowledgement',
  payload: {
    oneOf: [
      { type: 'object', required: ['ok', 'data'], properties: { ok: { enum: [true] }, data } },
      { type: 'object', required: ['ok', 'error'], properties: { ok: { enum: [false] }, error: errorSchema() } },
    ],
  },
});
