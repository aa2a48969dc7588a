import { aConnectedUser, anApp, aUser } from '../support/builders';
import { eventually } from '../support/eventually';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { aText } from '../support/messages';
import { bindDevice } from '../support/push';

describe('an app that has neither a credential nor a bound token', () => {
  let parley: Parley;
  beforeAll(async () => void (parley = await startParley()));
  afterAll(() => parley.stop());

  it('records nothing, and `explain` says so; from its first token on, everybody who was away is told of', async () => {
    const app = await anApp(parley);
    const [ann, bob] = [await aConnectedUser(app, { id: 'phone', platform: 'ios' }), await aUser(app)];
    const explained = () => ok(app.api.post('/v1/push/explain', { from: ann.userId, to: bob.userId }));
    const send = () => ok(ann.api.post('/v1/messages', aText(bob.userId, 'are you there?')));
    const records = async () =>
      (await ok<{ items: object[] }>(app.api.get(`/v1/push/deliveries?userId=${bob.userId}`))).items;

    expect(await explained()).toMatchObject({ outcome: 'suppress', reason: 'no-device', recorded: false });
    await send();
    await eventually('what was sent before is settled', async () => {
      return (await parley.sql.rows('SELECT id FROM outbox WHERE state = 0 LIMIT 1')).length === 0;
    });
    await bindDevice(ann, 'phone');
    expect(await explained()).toMatchObject({ outcome: 'suppress', reason: 'no-device', recorded: true });
    await send();
    await eventually('the second is recorded', async () => (await records()).length > 0);
    expect(await records()).toMatchObject([{ status: 'suppressed', reason: 'no-device' }]);
  });
});
