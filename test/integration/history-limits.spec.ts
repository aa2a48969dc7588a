import { Housekeeping } from '../../src/platform/queues/housekeeping';
import { aConnectedUser, anApp, operator, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { aText, between } from '../support/messages';

describe('a limit on history', () => {
  let parley: Parley;
  beforeAll(async () => {
    parley = await startParley();
  });
  afterAll(() => parley.stop());

  /** Ann has sent Bob two messages ten days ago and one today; the workers have tidied up since. */
  const tenDaysLater = async (app: TestApp) => {
    const [ann, bob] = [await aConnectedUser(app), await aConnectedUser(app)];
    for (const text of ['old', 'old too', 'new']) await ann.device.tell('message:send', aText(bob.userId, text));
    await parley.sql.run(
      `UPDATE messages SET sentAt = NOW(3) - INTERVAL 10 DAY
        WHERE seq <= 2 AND appPk = (SELECT id FROM apps WHERE appId = ?)`,
      [app.appId],
    );
    await parley.app.get(Housekeeping, { strict: false }).handle();
    const path = `/v1/conversations/${between(ann.userId, bob.userId)}`;
    const [conversation, page] = [await ok(bob.api.get(path)), await ok(bob.api.get(`${path}/messages`))];
    const asServer = await ok(app.api.get(`${path}/messages`));
    const texts = (items: unknown) => (items as { body: { text: string } }[]).map(({ body }) => body.text);
    return { conversation, texts: texts(page.items), server: texts(asServer.items) };
  };

  it('set by the app or by its plan is kept to by the workers, for readers and app server alike', async () => {
    const bySetting = await anApp(parley, { settings: { historyDays: 7 } });
    const byPlan = await anApp(parley);
    const { accountSid } = byPlan.developer;
    await ok(operator(parley).patch(`/v1/operator/developers/${accountSid}`, { plan: 'trial' }));
    for (const app of [bySetting, byPlan]) {
      const { conversation, texts, server } = await tenDaysLater(app);
      expect([texts, server]).toEqual([['new'], ['new']]);
      expect(conversation).toMatchObject({ unread: 1, minSeq: 3, maxSeq: 3, readSeq: 2 });
    }
  });

  it('that is longer, or none, leaves everything', async () => {
    for (const settings of [{ historyDays: 30 }, undefined]) {
      const { conversation, texts } = await tenDaysLater(await anApp(parley, { settings }));
      expect(texts).toEqual(['new', 'old too', 'old']);
      expect(conversation).toMatchObject({ unread: 3, minSeq: 1, readSeq: 0 });
    }
  });
});
