import type { UserCaller } from '../../src/kernel/caller';
import type { TestSession } from './builders';
import type { Parley } from './harness';

/** A user that no database knows: for tests of what looks at nothing but the caller. */
export const aStrayCaller = (userPk: number, more: Partial<UserCaller> = {}): UserCaller => ({
  kind: 'user',
  app: { pk: 1, appId: 'app', version: 1 },
  userPk,
  userId: `u${userPk}`,
  sessionPk: userPk,
  sessionId: `s${userPk}`,
  authVersion: 1,
  tokenIssuedAt: 0,
  tokenKid: 1,
  ...more,
});

/** The caller that a door makes of this session's token: for tests that call a use case itself. */
export async function aCallerOf({ sql }: Parley, { user, sessionId }: TestSession): Promise<UserCaller> {
  const [row] = await sql.rows<
    Omit<UserCaller, 'kind' | 'app' | 'tokenIssuedAt' | 'tokenKid'> & { appPk: number; version: number }
  >(
    `SELECT u.id AS userPk, u.userId, s.id AS sessionPk, s.sessionId, u.authVersion, a.id AS appPk, a.version
       FROM sessions s JOIN users u ON u.id = s.userPk JOIN apps a ON a.id = u.appPk WHERE s.sessionId = ?`,
    [sessionId],
  );
  if (!row) throw new Error('no session');
  const { appPk, version, ...rest } = row;
  const proof = { tokenIssuedAt: Math.floor(Date.now() / 1000), tokenKid: 1 };
  return { kind: 'user', ...rest, ...proof, app: { pk: appPk, appId: user.app.appId, version } };
}
