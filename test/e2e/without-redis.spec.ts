import { aConnectedUser, anApp } from '../support/builders';
import { startParley } from '../support/harness';
import { TcpGate } from '../support/tcp-gate';

describe('Parley without Redis', () => {
  it('starts, is ready, stores and delivers, and stops', async () => {
    const gate = await TcpGate.to(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
    const { url } = gate;
    await gate.shut();
    const parley = await startParley({ REDIS_URL: url });
    const app = await anApp(parley);
    const [ann, bob] = [await aConnectedUser(app), await aConnectedUser(app)];
    expect((await parley.api.get('/health/ready')).body).toMatchObject({ ready: true, redis: 'down' });

    const to = { kind: 'user' as const, id: bob.userId };
    await ann.device.tell('message:send', {
      to,
      clientMessageId: 'without-any-redis',
      type: 'text',
      body: { text: 'x' },
    });
    expect(await bob.device.next('message:new')).toMatchObject({ seq: 1 });
    await parley.stop();
    expect(await bob.device.ended()).toBeDefined();
  });
});
