import { aConnectedUser, anApp, aSession } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { aText } from '../support/messages';
import { connect } from '../support/socket';

describe('DELETE /v1/apps/{appId}/sessions', () => {
  let parley: Parley;
  let other: Parley;
  beforeAll(async () => {
    parley = await startParley();
    other = await parley.another();
  });
  afterAll(async () => {
    await other.stop();
    await parley.stop();
  });

  it('logs every user of the app out on every node, and nobody of another app; who logs in again stays', async () => {
    const app = await anApp(parley);
    const elsewhere = await aConnectedUser(await anApp(parley));
    const [here, there] = [await aConnectedUser(app), await aConnectedUser(app, { at: other })];
    await ok(app.developer.api.delete(`/v1/apps/${app.appId}/sessions`));

    for (const { device, api } of [here, there]) {
      expect(await device.next('session:kicked')).toEqual({ reason: 'revoked' });
      expect(await device.ended()).toBe('io server disconnect');
      for (const call of [api.get('/v1/conversations'), api.post('/v1/sessions/current/renew', {})])
        expect(await call).toMatchObject({ status: 401, body: { error: { code: 'TOKEN_REVOKED' } } });
    }
    const verdict = await ok(app.api.post('/v1/tokens/verify', { token: here.token }));
    expect(verdict).toMatchObject({ valid: false, reason: 'revoked' });
    await elsewhere.device.tell('sync', { userSeq: 0, conversations: [] });

    const again = await aSession(here.user);
    const device = await connect(parley.url, again.token);
    await device.tell('message:send', aText(there.userId, 'back'));
    expect((await again.api.get('/v1/conversations')).status).toBe(200);
    expect(device.closed).toBeUndefined();
  });

  it('renews no login from before it, even where an old token was still taken for good', async () => {
    const app = await anApp(parley);
    const ann = await aConnectedUser(app);
    // Written behind the node's back: for a moment it knows no better than to take the old token.
    await parley.sql.run('UPDATE apps SET tokensValidFrom = UNIX_TIMESTAMP() + 5 WHERE appId = ?', [app.appId]);
    expect(await ann.api.post('/v1/sessions/current/renew', {})).toMatchObject({
      status: 401,
      body: { error: { code: 'TOKEN_REVOKED' } },
    });
  });
});
