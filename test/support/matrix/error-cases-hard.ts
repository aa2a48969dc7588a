import type { ErrorCode } from '../../../src/kernel/errors/catalogue';
import { aConnectedUser, anApp, aSession, operator } from '../builders';
import { ok } from '../http';
import { connect } from '../socket';
import type { ErrorCase } from './error-cases';
import type { ErrorBench } from './error-bench';
import { rest, socket, type Seen } from './failures';

const AWAKE_MS = 1000;

/** Holds the rows of ann's and bob's conversation and of bob, so that whatever is to be stored there must wait. */
async function whileLocked<T>({ side, ann, bob }: ErrorBench, work: () => Promise<T>): Promise<T> {
  await side.query('START TRANSACTION');
  // A transaction that does nothing for some seconds would be ended by the server.
  const awake = setInterval(() => void side.query('SELECT 1'), AWAKE_MS);
  try {
    const [rows] = await side.query(
      `SELECT c.id FROM conversations c WHERE EXISTS (SELECT 1 FROM users u WHERE u.id = c.lowPk AND u.userId IN (?, ?))
         AND EXISTS (SELECT 1 FROM users u WHERE u.id = c.highPk AND u.userId IN (?, ?)) FOR UPDATE`,
      [ann.userId, bob.userId, ann.userId, bob.userId],
    );
    if ((rows as object[]).length !== 1) throw new Error('there is no such conversation to lock');
    await side.query('SELECT id FROM users WHERE userId = ? FOR UPDATE', [bob.userId]);
    return await work();
  } finally {
    clearInterval(awake);
    await side.query('ROLLBACK');
  }
}

/** Takes a table away for a moment: a fault of our own as the client sees it. */
async function without<T>({ side }: ErrorBench, table: string, work: () => Promise<T>): Promise<T> {
  await side.query(`RENAME TABLE ${table} TO ${table}_away`);
  try {
    return await work();
  } finally {
    await side.query(`RENAME TABLE ${table}_away TO ${table}`);
  }
}

/** Those among many answers that were refused with this code, one of them for the case. */
function oneOf(seen: Seen[], code: ErrorCode): Seen[] {
  const codeOf = (one: Seen): string | undefined => {
    if (one.door === 'rest') return String((one.answer.body as { error?: { code?: unknown } }).error?.code);
    return one.door === 'socket' && !one.ack.ok ? one.ack.error.code : undefined;
  };
  const found = seen.find((one) => codeOf(one) === code);
  if (!found) throw new Error(`none of ${seen.length} answers was ${code}`);
  return [found];
}

const withBob = ({ ann, bob }: ErrorBench): string => `user:${[ann.userId, bob.userId].sort().join(':')}`;

const many = <T>(count: number, one: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, () => one()));

/** Codes that need something to go wrong, or somebody to ask too much. */
export const HARD_CASES = {
  RATE_LIMITED: async ({ parley, app }) => {
    // Another node, whose limits a test can reach.
    const strict = await parley.another({
      LIMIT_CALLS_PER_SECOND: '1',
      LIMIT_CALLS_BURST: '3',
      LIMIT_LOGINS_PER_SECOND: '1',
      LIMIT_LOGINS_BURST: '3',
    });
    try {
      const eve = await aSession(await aConnectedUser(app).then(({ user }) => user));
      const device = await connect(strict.url, eve.token);
      const api = strict.api.as({ bearer: eve.token });
      return [
        ...oneOf(await many(8, () => rest(api.get('/v1/conversations'))), 'RATE_LIMITED'),
        ...oneOf(await many(8, () => rest(strict.api.get('/v1/limits'))), 'RATE_LIMITED'),
        ...oneOf(await many(8, () => socket(device.ask('device:state', { state: 'background' }))), 'RATE_LIMITED'),
      ];
    } finally {
      await strict.stop();
    }
  },
  BUSY: async (bench) => {
    const { app, ann, bob, text } = bench;
    // The log of one conversation holds so many that wait, and a socket has so many unanswered.
    const sends: Promise<Seen>[] = [];
    const refused = await whileLocked(bench, async () => {
      const send = () => rest(app.api.post('/v1/messages', { ...text(bob.userId), from: ann.userId }));
      for (let i = 0; i < 300; i++) sends.push(send());
      return Promise.race(sends);
    });
    await Promise.all(sends);
    const asked = await many(100, () => socket(ann.device.ask('sync:heads', { conversations: [] })));
    return [...oneOf([refused], 'BUSY'), ...oneOf(asked, 'BUSY')];
  },
  LIMIT_REACHED: async ({ ann }) => {
    const names = (part: number) => Array.from({ length: 100 }, (_, i) => `user-${part}-${i}`);
    const watched: Seen[] = [];
    for (let part = 0; part < 6; part++) {
      watched.push(await socket(ann.device.ask('presence:subscribe', { userIds: names(part) })));
    }
    return oneOf(watched, 'LIMIT_REACHED');
  },
  QUOTA_EXCEEDED: async ({ parley }) => {
    const app = await anApp(parley);
    const { accountSid } = app.developer;
    await ok(operator(parley).patch(`/v1/operator/developers/${accountSid}`, { quotas: { users: 0, apps: 1 } }));
    return [
      await rest(app.api.post('/v1/users', { userId: 'one-too-many' })),
      await rest(app.developer.api.post('/v1/apps', { name: 'One too many' })),
    ];
  },
  RETRY: (bench) => {
    const { ann, bob, text } = bench;
    // Many wait for the same lock: they are told together, not one after the other.
    const send = () => rest(ann.api.post('/v1/messages', text(bob.userId)));
    return whileLocked(bench, () =>
      Promise.all([
        ...Array.from({ length: 12 }, send),
        socket(bob.device.ask('conversation:read', { conversationId: withBob(bench), seq: 1 })),
      ]),
    );
  },
  INTERNAL: (bench) => {
    const { ann } = bench;
    return without(bench, 'members', () =>
      Promise.all([
        rest(ann.api.get('/v1/conversations')),
        socket(ann.device.ask('sync', { userSeq: 0, conversations: [] })),
      ]),
    );
  },
} satisfies Partial<Record<ErrorCode, ErrorCase>>;
