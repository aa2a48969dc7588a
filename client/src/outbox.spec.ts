import fc from 'fast-check';
import { settle, VirtualClock } from '../test/support/virtual-clock';
import type { SendCommand, SentMessage } from './catalogue';
import { ParleyError } from './errors';
import { Gate } from './gate';
import { newId } from './ids';
import { Outbox } from './outbox';
import { Drawer, MemoryStorage, type Storage } from './storage';

/** What becomes of one attempt: stored or not, told or not. */
type Fate = 'ok' | 'ack-lost' | 'request-lost' | 'busy';

const command = (to: string, text: string): SendCommand => ({
  to: { kind: 'user', id: to },
  clientMessageId: newId(),
  type: 'text',
  body: { text },
});

/** Stores each id once, as the real one does. */
class FakeServer {
  readonly logs = new Map<string, { id: string; text: string }[]>();
  fates: Fate[] = [];
  refuse: (text: string) => boolean = () => false;

  constructor(private readonly clock: VirtualClock) {}

  async send({ to, clientMessageId, body }: SendCommand): Promise<SentMessage> {
    const { text } = body as { text: string };
    const fate = this.fates.shift() ?? 'ok';
    await new Promise<void>((resolve) => this.clock.setTimeout(resolve, 5));
    if (this.refuse(text)) throw new ParleyError('BLANK_MESSAGE', 'refused');
    if (fate === 'busy') throw new ParleyError('BUSY', 'busy', { retryAfterMs: 50 });
    if (fate === 'request-lost') throw new ParleyError('TIMEOUT', 'lost', { definite: false });
    const log = this.logs.get(to.id) ?? [];
    this.logs.set(to.id, log);
    let at = log.findIndex(({ id }) => id === clientMessageId);
    if (at < 0) at = log.push({ id: clientMessageId, text }) - 1;
    if (fate === 'ack-lost') throw new ParleyError('TIMEOUT', 'lost', { definite: false });
    return { ...stored(to.id, at + 1, text), clientMessageId };
  }

  textsTo(to: string): string[] {
    return (this.logs.get(to) ?? []).map(({ text }) => text);
  }
}

const stored = (to: string, seq: number, text: string): SentMessage => ({
  id: `${to}-${seq}`,
  conversationId: `user:me:${to}`,
  seq,
  from: 'me',
  to: { kind: 'user', id: to },
  clientMessageId: '',
  type: 'text',
  body: { text },
  sentAt: '2026-01-01T00:00:00.000Z',
  revision: 0,
});

class Device {
  readonly gate = new Gate();
  readonly sent: SentMessage[] = [];
  readonly refused: string[] = [];
  outbox: Outbox;

  constructor(
    readonly clock: VirtualClock,
    readonly server: FakeServer,
    readonly storage: Storage = new MemoryStorage(),
  ) {
    this.outbox = this.boot();
  }

  /** The process dies and comes back: whatever the old one still does reaches nobody. */
  restart(): void {
    this.outbox = this.boot();
  }

  private boot(): Outbox {
    const process = { alive: true };
    this.kill();
    this.kill = () => (process.alive = false);
    const outbox: Outbox = new Outbox(
      {
        send: (sending) => (process.alive ? this.server.send(sending) : new Promise(() => undefined)),
        sent: (message) => void (process.alive && this.sent.push(message)),
        refused: ({ clientMessageId }) => void (process.alive && this.refused.push(clientMessageId)),
        changed: () => undefined,
      },
      this.gate,
      new Drawer(guarded(this.storage, process), 'outbox/'),
      this.clock,
    );
    outbox.restore(keptIn(this.storage));
    return outbox;
  }

  private kill: () => void = () => undefined;
}

/** In key order. */
function keptIn(storage: Storage): [string, string][] {
  const entries = [...(storage.load() as Iterable<[string, string]>)];
  return entries.map(([key, value]): [string, string] => [key.slice('outbox/'.length), value]).sort();
}

const guarded = (storage: Storage, process: { alive: boolean }): Storage => ({
  load: () => storage.load(),
  set: (key, value) => (process.alive ? storage.set(key, value) : undefined),
  delete: (key) => (process.alive ? storage.delete(key) : undefined),
});

type Step = { kind: 'send'; to: 'ann' | 'bob' } | { kind: 'wait'; ms: number } | { kind: 'restart' | 'up' | 'down' };

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), to: fc.constantFrom('ann', 'bob') }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 4000 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('restart', 'up', 'down') }) },
  ),
  { maxLength: 40 },
) as fc.Arbitrary<Step[]>;

const fates = fc.array(fc.constantFrom<Fate>('ok', 'ack-lost', 'request-lost', 'busy'), { maxLength: 40 });

describe('an outbox', () => {
  it('gets every message stored once and in the order of sending, through lost replies, refusals for now and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fates, async (script, server) => {
        const clock = new VirtualClock();
        const device = new Device(clock, new FakeServer(clock));
        device.server.fates = [...server];
        const asked: Record<string, string[]> = { ann: [], bob: [] };

        for (const step of script) {
          if (step.kind === 'send') {
            const text = String(asked[step.to]?.length);
            asked[step.to]?.push(text);
            void device.outbox.send(command(step.to, text));
          } else if (step.kind === 'wait') await clock.advance(step.ms);
          else if (step.kind === 'restart') device.restart();
          else if (step.kind === 'up') device.gate.open();
          else device.gate.close();
        }
        device.gate.open();
        await clock.advance(3_600_000);

        expect(device.server.textsTo('ann')).toEqual(asked.ann);
        expect(device.server.textsTo('bob')).toEqual(asked.bob);
        expect(device.outbox.pending).toEqual([]);
        expect(device.refused).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('resolves with what the server stored, after however many attempts under one id', async () => {
    const clock = new VirtualClock();
    const device = new Device(clock, new FakeServer(clock));
    device.server.fates = ['ack-lost', 'busy', 'request-lost', 'ok'];
    device.gate.open();
    const hello = command('ann', 'hello');

    const sending = device.outbox.send(hello);
    await clock.advance(120_000);

    await expect(sending).resolves.toMatchObject({ seq: 1, clientMessageId: hello.clientMessageId });
    expect(device.server.logs.get('ann')).toHaveLength(1);
  });

  it('rejects a definite refusal, forgets it and goes on with the next', async () => {
    const clock = new VirtualClock();
    const device = new Device(clock, new FakeServer(clock));
    device.server.refuse = (text) => text === '';
    device.gate.open();
    const blank = command('ann', '');

    const refused = expect(device.outbox.send(blank)).rejects.toMatchObject({ code: 'BLANK_MESSAGE', definite: true });
    const next = device.outbox.send(command('ann', 'next'));
    await clock.advance(1000);

    await refused;
    await expect(next).resolves.toMatchObject({ seq: 1 });
    expect(device.refused).toEqual([blank.clientMessageId]);
    device.restart();
    expect(device.outbox.pending).toEqual([]);
  });

  it('lets a conversation that cannot send hold up no other', async () => {
    const clock = new VirtualClock();
    const device = new Device(clock, new FakeServer(clock));
    device.server.fates = ['busy'];
    device.gate.open();

    void device.outbox.send(command('ann', 'waits'));
    void device.outbox.send(command('bob', 'passes'));
    await clock.advance(20);

    expect(device.server.textsTo('ann')).toEqual([]);
    expect(device.server.textsTo('bob')).toEqual(['passes']);
  });

  it('takes the same id for the same message', async () => {
    const clock = new VirtualClock();
    const device = new Device(clock, new FakeServer(clock));
    device.gate.open();
    const hello = command('ann', 'hello');

    const both = Promise.all([device.outbox.send(hello), device.outbox.send({ ...hello })]);
    await clock.advance(100);

    await expect(both).resolves.toHaveLength(2);
    expect(device.sent).toHaveLength(1);
  });

  it('sends nothing that the device could not keep', async () => {
    const clock = new VirtualClock();
    const full: Storage = {
      ...guarded(new MemoryStorage(), { alive: true }),
      set: () => Promise.reject(new Error('full')),
    };
    const device = new Device(clock, new FakeServer(clock), full);

    const sending = expect(device.outbox.send(command('ann', 'hello'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
    device.gate.open();
    await clock.advance(1000);

    await sending;
    expect(device.server.textsTo('ann')).toEqual([]);
  });

  it('offers a restored store what it had acknowledged, before what waits and in the old order', async () => {
    const clock = new VirtualClock();
    const device = new Device(clock, new FakeServer(clock));
    device.gate.open();
    for (const text of ['1', '2', '3']) void device.outbox.send(command('ann', text));
    await clock.advance(1000);
    device.server.logs.set('ann', device.server.logs.get('ann')?.slice(0, 1) ?? []);

    device.restart();
    device.outbox.reoffer();
    void device.outbox.send(command('ann', '4'));
    await clock.advance(1000);

    expect(device.server.textsTo('ann')).toEqual(['1', '2', '3', '4']);
  });

  it('leaves no timer behind when the connection is gone', async () => {
    const clock = new VirtualClock();
    const device = new Device(clock, new FakeServer(clock));
    device.server.fates = ['busy', 'busy'];
    device.gate.open();
    void device.outbox.send(command('ann', 'hello'));
    await clock.advance(10);
    device.gate.close();
    await settle();

    expect(clock.pending).toBe(0);
  });
});
