import { randomBytes } from 'node:crypto';
import { createConnection, type Connection } from 'mysql2/promise';
import { signToken } from '../../../src/modules/accounts/user-token';
import { deriveKey } from '../../../src/platform/secrets/keys';
import { aConnectedUser, anApp, type ConnectedUser, type TestApp } from '../builders';
import type { Parley } from '../harness';

/** One app with two connected users, and what the cases of the error catalogue need beside it. */
export interface ErrorBench {
  parley: Parley;
  app: TestApp;
  ann: ConnectedUser;
  bob: ConnectedUser;
  /** A connection of its own to the same database, to stand in the product's way. */
  side: Connection;
  /** A text message for a user. */
  text: (to: string, text?: string) => ReturnType<typeof textTo>;
  /** A token that the app's own key signed at that time. */
  tokenOf: (user: ConnectedUser, issuedAt: Date, seconds: number) => string;
  close(): Promise<void>;
}

const textTo = (id: string, text: string) => ({
  to: { kind: 'user' as const, id },
  clientMessageId: randomBytes(12).toString('hex'),
  type: 'text',
  body: { text },
});

export async function anErrorBench(parley: Parley): Promise<ErrorBench> {
  const app = await anApp(parley);
  const [ann, bob] = await Promise.all([aConnectedUser(app), aConnectedUser(app)]);
  await ann.device.tell('message:send', textTo(bob.userId, 'the first'));
  const side = await createConnection({ uri: parley.settings.stores.mysqlUrl });
  return {
    parley,
    app,
    ann,
    bob,
    side,
    text: (to, text = 'Hello') => textTo(to, text),
    tokenOf: (user, issuedAt, seconds) => {
      const iat = Math.floor(issuedAt.getTime() / 1000);
      const claims = { app: app.appId, sub: user.userId, sid: user.sessionId, ver: 0, iat, exp: iat + seconds };
      return signToken(claims, { kid: 1, key: deriveKey(app.appSecret, 'im-user-token') });
    },
    async close() {
      for (const { device } of [ann, bob]) device.close();
      await side.end();
    },
  };
}
