import { ERRORS, type ErrorCode } from '../../src/kernel/errors/catalogue';
import { startParley, type Parley } from '../support/harness';
import { anErrorBench, type ErrorBench } from '../support/matrix/error-bench';
import { ERROR_CASES } from '../support/matrix/error-cases';
import { faultsOf } from '../support/matrix/failures';

const CODES = Object.keys(ERRORS) as ErrorCode[];

describe('the error catalogue', () => {
  let parley: Parley;
  let bench: ErrorBench;
  beforeAll(async () => {
    parley = await startParley();
    bench = await anErrorBench(parley);
  });
  afterAll(async () => {
    await bench.close();
    await parley.stop();
  });

  it('has a case for every code, and no case without one', () => {
    expect(Object.keys(ERROR_CASES).sort()).toEqual([...CODES].sort());
  });

  it('is published as it is', async () => {
    const { body } = await parley.api.get<{ errors: { code: string }[] }>('/docs/errors.json');
    expect(body.errors.map(({ code }) => code).sort()).toEqual([...CODES].sort());
  });

  it.each(CODES)('%s reaches the client in the contract’s shape, with its status, through every door', async (code) => {
    const seen = await ERROR_CASES[code](bench);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.flatMap((one) => faultsOf(one, code))).toEqual([]);
  });

  it('leaves the server as it was: the next message is stored and heard', async () => {
    const { ann, bob, text } = bench;
    const sent = await ann.device.tell('message:send', text(bob.userId, 'after all'));
    expect(await bob.device.next('message:new', ({ id }) => id === sent.id)).toMatchObject({ seq: sent.seq });
  });
});
