import { aConnectedUser, aGroup, anApp, type ConnectedUser, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { upTo } from '../support/messages';

/** What a refusal waits for, less what a timer may be early. */
const STEP_MS = 18;

describe('a group that a user may not know of', () => {
  let parley: Parley;
  let app: TestApp;
  let eve: ConnectedUser;
  let there: string;
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
    eve = await aConnectedUser(app);
    const ann = await aConnectedUser(app);
    ({ groupId: there } = await aGroup(app, [ann]));
    ann.device.close();
  });
  afterAll(async () => {
    eve?.device.close();
    await parley?.stop();
  });

  const get = (path: string) => async () => (await eve.api.get<{ error: object }>(path)).body.error;
  const ask = (event: 'group:leave' | 'conversation:pull', data: object) => async () => {
    const ack = await eve.device.ask(event, data as never);
    return ack.ok ? undefined : ack.error;
  };

  it.each<[string, (id: string) => () => Promise<object | undefined>]>([
    ['GET /v1/groups/…', (id) => get(`/v1/groups/${id}`)],
    ['GET /v1/groups/…/members', (id) => get(`/v1/groups/${id}/members`)],
    ['GET /v1/conversations/…/messages', (id) => get(`/v1/conversations/group:${id}/messages`)],
    ['group:leave', (id) => ask('group:leave', { groupId: id })],
    ['conversation:pull', (id) => ask('conversation:pull', { conversationId: `group:${id}` })],
  ])('is refused as one that is not there is, and no sooner: %s', async (_, callOf) => {
    for (const _ of upTo(3)) {
      const errors: unknown[] = [];
      for (const id of [there, 'no-such-group']) {
        const call = callOf(id);
        const began = performance.now();
        const error = await call();
        expect(performance.now() - began).toBeGreaterThanOrEqual(STEP_MS);
        errors.push({ ...error, traceId: '' });
      }
      expect(errors[0]).toMatchObject({ code: expect.stringMatching(/_NOT_FOUND$/) as string });
      expect(errors[0]).toEqual(errors[1]);
    }
  });
});
