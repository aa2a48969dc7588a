import { randomUUID } from 'node:crypto';
import type { ErrorCode } from '../../../src/kernel/errors/catalogue';
import { aConnectedUser, aDeveloper, anApp, aUser, operator } from '../builders';
import { ok } from '../http';
import type { ErrorBench } from './error-bench';
import { handshake, rest, socket, type Seen } from './failures';
import { CHATROOM_CASES } from './error-cases-chatrooms';
import { GROUP_CASES } from './error-cases-groups';
import { HARD_CASES } from './error-cases-hard';

/** Reaches a code through every public door that can answer it. */
export type ErrorCase = (bench: ErrorBench) => Promise<Seen[]>;

const HOUR_MS = 3_600_000;

const EVERYDAY_CASES = {
  INVALID_REQUEST: async ({ app, ann, parley }) => [
    await rest(app.api.post('/v1/users', { userId: 5 })),
    await socket(ann.device.ask('typing', { conversationId: 5 } as never)),
    await handshake(parley.url, ann.token, { token: ann.token, device: { id: 'ä', platform: 'web' } }),
  ],
  BLANK_MESSAGE: async ({ ann, bob, text }) => [
    await rest(ann.api.post('/v1/messages', text(bob.userId, ' \n\u200b'))),
    await socket(ann.device.ask('message:send', text(bob.userId, ' \n\u200b'))),
  ],
  UNKNOWN_EVENT: async ({ ann }) => [await socket(ann.device.ask('no:such' as never, {} as never))],
  UNAUTHENTICATED: async ({ parley }) => [
    await rest(parley.api.get('/v1/conversations')),
    await handshake(parley.url, '', {}),
  ],
  TOKEN_EXPIRED: async ({ parley, ann, tokenOf }) => {
    const token = tokenOf(ann, new Date(Date.now() - 2 * HOUR_MS), 3600);
    return [
      await rest(parley.api.as({ bearer: token }).get('/v1/conversations')),
      await handshake(parley.url, token),
      await socket(ann.device.ask('session:renew', { token })),
    ];
  },
  TOKEN_NOT_YET_VALID: async ({ parley, ann, tokenOf }) => {
    const token = tokenOf(ann, new Date(Date.now() + HOUR_MS), 3600);
    return [
      await rest(parley.api.as({ bearer: token }).get('/v1/conversations')),
      await handshake(parley.url, token),
      await socket(ann.device.ask('session:renew', { token })),
    ];
  },
  TOKEN_REVOKED: async ({ parley, app }) => {
    const carol = await aConnectedUser(app);
    await ok(app.api.delete(`/v1/users/${carol.userId}/sessions`));
    return [await rest(carol.api.get('/v1/conversations')), await handshake(parley.url, carol.token)];
  },
  BAD_CREDENTIALS: async ({ parley, app, ann }) => [
    await rest(parley.api.as({ basic: [app.appId, 'no secret'] }).get('/v1/users')),
    await rest(parley.api.post('/v1/sessions', { appId: app.appId, appToken: 'no key', userId: 'somebody' })),
    await handshake(parley.url, `${ann.token.slice(0, -4)}AAAA`),
  ],
  FORBIDDEN: async ({ app, ann, bob, text }) => [
    await rest(app.api.get('/v1/developers/me')),
    await socket(ann.device.ask('message:send', { ...text(bob.userId), from: bob.userId })),
  ],
  APP_NOT_ONLINE: async ({ parley }) => {
    const app = await anApp(parley);
    const dora = await aConnectedUser(app);
    dora.device.close();
    await ok(app.developer.api.post(`/v1/apps/${app.appId}/offline`));
    return [
      await rest(app.api.get('/v1/users')),
      await rest(dora.api.get('/v1/conversations')),
      await handshake(parley.url, dora.token),
    ];
  },
  APP_SUSPENDED: async ({ parley }) => {
    const app = await anApp(parley);
    const dora = await aConnectedUser(app);
    dora.device.close();
    await ok(operator(parley).post(`/v1/operator/apps/${app.appId}/suspend`));
    return [
      await rest(app.api.get('/v1/users')),
      await rest(app.developer.api.post(`/v1/apps/${app.appId}/online`)),
      await handshake(parley.url, dora.token),
    ];
  },
  USER_DEACTIVATED: async ({ parley, app }) => {
    const carol = await aConnectedUser(app);
    await ok(app.api.post(`/v1/users/${carol.userId}/deactivate`));
    const { appId, appToken } = app;
    return [
      await rest(parley.api.post('/v1/sessions', { appId, appToken, userId: carol.userId })),
      await handshake(parley.url, carol.token),
    ];
  },
  DEVELOPER_NOT_VERIFIED: async ({ parley }) => {
    const developer = await aDeveloper(parley, { verified: false });
    const app = await anApp(parley, { developer, online: false });
    return [await rest(developer.api.post(`/v1/apps/${app.appId}/online`))];
  },
  DEVELOPER_SUSPENDED: async ({ parley }) => {
    const developer = await aDeveloper(parley);
    await ok(operator(parley).post(`/v1/operator/developers/${developer.accountSid}/suspend`));
    return [await rest(developer.api.get('/v1/apps'))];
  },

  ROUTE_NOT_FOUND: async ({ parley, app }) => [
    await rest(parley.api.get('/v1/nothing')),
    await rest(app.api.put('/v1/nothing', {})),
  ],
  DEAD_LETTER_NOT_FOUND: async ({ parley }) => [
    await rest(operator(parley).post('/v1/operator/push/dead-letters/999/replay', {})),
  ],
  DEVELOPER_NOT_FOUND: async ({ parley }) => [
    await rest(operator(parley).post('/v1/operator/developers/dev_nobody/approve')),
  ],
  APP_NOT_FOUND: async ({ parley, app }) => [
    await rest(app.developer.api.get('/v1/apps/app_nothing')),
    await rest(parley.api.post('/v1/sessions', { appId: 'app_nothing', appToken: 'x', userId: 'somebody' })),
  ],
  USER_NOT_FOUND: async ({ parley, app }) => {
    const fixed = await anApp(parley, { mode: 'fixed', developer: app.developer });
    const fay = await aConnectedUser(fixed);
    const command = { to: { kind: 'user' as const, id: 'nobody' }, type: 'text', body: { text: 'Hello' } };
    return [
      await rest(app.api.get('/v1/users/nobody')),
      await rest(fixed.api.post('/v1/messages', { ...command, clientMessageId: randomUUID(), from: fay.userId })),
      await socket(fay.device.ask('message:send', { ...command, clientMessageId: randomUUID() })),
    ];
  },
  SESSION_NOT_FOUND: async ({ ann }) => [await rest(ann.api.delete(`/v1/users/${ann.userId}/sessions/nothing`))],
  CONVERSATION_NOT_FOUND: async ({ ann }) => [
    await rest(ann.api.get('/v1/conversations/user:a:b/messages')),
    await socket(ann.device.ask('conversation:pull', { conversationId: 'user:a:b' })),
  ],
  PUSH_CREDENTIAL_NOT_FOUND: async ({ app }) => [
    await rest(app.api.get('/v1/push/credentials/fcm')),
    await rest(app.api.delete('/v1/push/credentials/nobody')),
  ],
  GROUP_NOT_FOUND: ({ ann, text }) => absentAddress('group', ann, text('x')),
  CHATROOM_NOT_FOUND: ({ ann, text }) => absentAddress('chatroom', ann, text('x')),

  ALREADY_EXISTS: async ({ parley, app }) => {
    const { userId } = await aUser(app);
    const twice = { email: app.developer.email, password: 'chosen by a person', name: 'Again' };
    return [await rest(app.api.post('/v1/users', { userId })), await rest(parley.api.post('/v1/developers', twice))];
  },
  IDEMPOTENCY_MISMATCH: async ({ app, ann, bob, text }) => {
    const first = text(bob.userId);
    await ann.device.tell('message:send', first);
    const other = { ...first, body: { text: 'Another' } };
    const key = { 'idempotency-key': randomUUID() };
    await ok(app.api.post('/v1/users', { userId: `one-${first.clientMessageId.slice(0, 8)}` }, key));
    return [
      await rest(ann.api.post('/v1/messages', other)),
      await socket(ann.device.ask('message:send', other)),
      await rest(app.api.post('/v1/users', { userId: 'another-one' }, key)),
    ];
  },
  TOO_LARGE: async ({ app, ann, bob, text }) => [
    await rest(ann.api.post('/v1/messages', text(bob.userId, 'x'.repeat(9000)))),
    await socket(ann.device.ask('message:send', text(bob.userId, 'x'.repeat(9000)))),
    await rest(app.api.post('/v1/users', { userId: 'x'.repeat(70_000) })),
  ],
  METHOD_NOT_ALLOWED: async ({ app }) => [await rest(app.api.put('/v1/messages', {}))],
  UNSUPPORTED_MEDIA_TYPE: async ({ app }) => [
    await rest(app.api.post('/v1/users', {}, { 'content-type': 'application/json; charset=gb18030' })),
  ],
} satisfies Partial<Record<ErrorCode, ErrorCase>>;

const absentAddress = async (
  kind: 'group' | 'chatroom',
  { api, device }: ErrorBench['ann'],
  command: ReturnType<ErrorBench['text']>,
): Promise<Seen[]> => {
  const lost = { ...command, to: { kind, id: 'nothing' } };
  return [await rest(api.post('/v1/messages', lost)), await socket(device.ask('message:send', lost))];
};

/** One for each code; the catalogue and this list must agree. */
export const ERROR_CASES: Record<ErrorCode, ErrorCase> = {
  ...EVERYDAY_CASES,
  ...HARD_CASES,
  ...GROUP_CASES,
  ...CHATROOM_CASES,
};
