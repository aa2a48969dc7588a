import { settle, VirtualClock } from '../test/support/virtual-clock';
import type { Call } from './calls';
import { ParleyError } from './errors';
import { Gate } from './gate';
import { Marks } from './marks';

function marks() {
  const clock = new VirtualClock();
  const gate = new Gate();
  const said: unknown[] = [];
  const failures: ParleyError[] = [];
  const call = ((event: string, data: unknown) => {
    const failure = failures.shift();
    if (failure) return Promise.reject(failure);
    said.push({ event, data, at: clock.now() });
    return Promise.resolve({ readSeq: 1, unread: 0 });
  }) as unknown as Call;
  return {
    clock,
    gate,
    said: said as { event: string; data: unknown; at: number }[],
    failures,
    it: new Marks(call, gate, clock),
  };
}

const lost = () => new ParleyError('TIMEOUT', 'lost', { definite: false });

describe('the delivered mark', () => {
  it('is said at most once a second and conversation, with the highest seq', async () => {
    const { it: mark, clock, gate, said } = marks();
    gate.open();
    for (let seq = 1; seq <= 50; seq += 1) {
      mark.received('group:g', seq);
      await clock.advance(100);
    }
    await clock.advance(2000);

    expect(said.at(-1)?.data).toEqual({ conversationId: 'group:g', seq: 50 });
    const pauses = said.slice(1).map(({ at }, index) => at - (said[index]?.at ?? 0));
    expect(pauses.length).toBeGreaterThan(1);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1000);
  });

  it('waits for the connection and is said after it, also when its first attempt was lost', async () => {
    const { it: mark, clock, gate, said, failures } = marks();
    mark.received('group:g', 5);
    expect(clock.pending).toBe(0);
    failures.push(lost());
    gate.open();
    mark.say();
    await clock.advance(5000);

    expect(said.map(({ data }) => data)).toEqual([{ conversationId: 'group:g', seq: 5 }]);
  });

  it('is not repeated when the server will not have it', async () => {
    const { it: mark, clock, gate, failures, said } = marks();
    gate.open();
    failures.push(new ParleyError('CONVERSATION_NOT_FOUND', 'gone'));
    mark.received('group:g', 5);
    await clock.advance(10_000);

    expect(said).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

describe('the read mark', () => {
  it('resolves only when the server has it', async () => {
    const { it: mark, clock, gate, failures } = marks();
    failures.push(lost());
    let done = false;
    const reading = mark.read('group:g', 1).then(() => (done = true));
    await clock.advance(5000);
    expect(done).toBe(false);
    gate.open();
    await settle();
    expect(done).toBe(false);
    await clock.advance(5000);
    await reading;
    expect(done).toBe(true);
  });

  it('rejects when it is definitely refused', async () => {
    const { it: mark, gate, failures } = marks();
    gate.open();
    failures.push(new ParleyError('CONVERSATION_NOT_FOUND', 'gone'));
    await expect(mark.read('group:g', 1)).rejects.toMatchObject({ code: 'CONVERSATION_NOT_FOUND' });
  });
});
