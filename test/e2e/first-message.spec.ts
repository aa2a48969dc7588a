import { aConnectedUser, anApp, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';

describe('two users of one app', () => {
  let parley: Parley;
  let app: TestApp;
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
  });
  afterAll(() => parley.stop());

  it('hear each other through the socket, and the message is in the log once', async () => {
    const ann = await aConnectedUser(app);
    const bob = await aConnectedUser(app);
    const command = {
      to: { kind: 'user' as const, id: bob.userId },
      clientMessageId: 'first-message-of-all',
      type: 'text',
      body: { text: 'Hello, 你好' },
    };

    const sent = await ann.device.tell('message:send', command);
    expect(await bob.device.next('message:new')).toMatchObject({
      id: sent.id,
      seq: 1,
      from: ann.userId,
      body: command.body,
    });

    const again = await ann.api.post('/v1/messages', command);
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ id: sent.id, duplicate: true });

    const history = await bob.api.get(`/v1/conversations/${sent.conversationId}/messages`);
    expect(history.body.items).toHaveLength(1);
    for (const { device } of [ann, bob]) device.close();
  });
});
