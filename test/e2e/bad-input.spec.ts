import { startParley, type Parley } from '../support/harness';
import { connect, type Device } from '../support/socket';
import { credentialOf, type RouteRow } from '../support/matrix/cells';
import { eventInputs, inputGaps, routeInputs, type Input } from '../support/matrix/inputs';
import { owned, Stage } from '../support/matrix/judge';
import {
  HOSTILE_JSON,
  HUGE_NUMBERS,
  negativesOf,
  NO_OBJECTS,
  ODD_JSON,
  type Schema,
} from '../support/matrix/negatives';
import { refusal, type Refusal } from '../support/matrix/refusals';
import { ALL_ROWS, EVENT_ROWS } from '../support/matrix/rows';
import { rowCounts, storedOf } from '../support/matrix/stored';

/** Where a body takes any JSON: hostile JSON is put there, or else under a name of its own. */
const FREE: Record<string, string> = {
  'POST /v1/messages': 'body',
  'POST /v1/users': 'profile',
  'PATCH /v1/users/:userId': 'profile',
  'POST /v1/apps': 'settings',
};
/** Those of them that are kept as the text that arrived. */
const VERBATIM = new Set(['POST /v1/messages']);

let parley: Parley;
let scenes: Awaited<ReturnType<Stage['scenes']>>;
let bystanders: [Device, Device];
beforeAll(async () => {
  parley = await startParley({
    LIMIT_USER_SENDS_PER_SECOND: '10000',
    LIMIT_USER_SENDS_BURST: '10000',
    LIMIT_SIGNALS_BURST: '10000',
    LIMIT_CREATIONS_PER_HOUR: '100000',
    LIMIT_APP_CREATIONS_PER_HOUR: '100000',
  });
  scenes = await new Stage(parley).scenes('bad');
  bystanders = [await connect(parley.url, scenes.mine.bob.token), await connect(parley.url, scenes.mine.dave.token)];
});
afterAll(() => parley.stop());

/** What is stored, before and after; the bystanders talk in between as if nothing happened. */
async function storesNothing(work: () => Promise<string[]>): Promise<string[]> {
  const look = async () => ({ ...(await storedOf(parley.sql, scenes.worlds.mine)), ...(await rowCounts(parley.sql)) });
  const before: Record<string, unknown> = await look();
  const problems = await work();
  const after: Record<string, unknown> = await look();
  const changed = Object.keys(before).filter((table) => JSON.stringify(before[table]) !== JSON.stringify(after[table]));
  return [...problems, ...changed.map((table) => `something was stored in ${table}`)];
}

async function bystandersTalk(): Promise<void> {
  const [bob, dave] = bystanders;
  const sent = await bob.tell('message:send', {
    to: { kind: 'user', id: scenes.mine.dave.userId },
    clientMessageId: `bystander-${Math.random().toString(36).slice(2, 14).padEnd(12, '0')}`,
    type: 'text',
    body: { text: 'as if nothing happened' },
  });
  await dave.next('message:new', ({ id }) => id === sent.id);
}

const rowOf = (name: string): RouteRow => {
  const row = ALL_ROWS[name];
  if (!row) throw new Error(`${name} has no row`);
  return row;
};

async function post(name: string, body: unknown, headers: Record<string, string> = {}): Promise<Refusal> {
  const row = rowOf(name);
  const { path } = row.call(owned(scenes, 'twin'));
  const credential = credentialOf(row.as === 'operator' ? 'operator' : 'owner', row.as, scenes);
  return refusal(parley.url, name.split(' ')[0] ?? '', path, credential, body, headers);
}

describe('a route', () => {
  let inputs: Input[];
  let taking: (Input & { body: Schema })[];
  beforeAll(async () => {
    inputs = await routeInputs(parley);
    taking = inputs.filter((input): input is Input & { body: Schema } => input.body !== undefined);
  });
  const things = () => owned(scenes, 'twin');

  it('says what it takes, and whatever takes a body is tried here', () => {
    expect(inputGaps(inputs, ALL_ROWS, (row) => row.call(things()).body !== undefined)).toEqual([]);
    expect(taking.length).toBeGreaterThan(10);
  });

  it('refuses every field that is wrong, missing or not its to take, by name; and stores nothing', async () => {
    const problems = await storesNothing(async () => {
      const found: string[] = [];
      for (const { name, body } of taking) {
        const base = rowOf(name).call(things()).body as Record<string, unknown>;
        for (const { why, field, body: wrong } of negativesOf(body, base)) {
          const { fault, told } = await post(name, wrong);
          if (fault ?? told.field !== field) found.push(`${name}: ${why}: ${fault ?? `named ${told.field}`}`);
        }
      }
      return found;
    });
    expect(problems).toEqual([]);
    await bystandersTalk();
  });

  it('that takes no body refuses one that says something, which would have been meant', async () => {
    const bare = inputs.filter(({ name, body }) => body === undefined && !name.startsWith('GET '));
    expect(bare.map(({ name }) => name)).toContain('PUT /v1/chatrooms/:chatroomId/mute-all');
    const problems = await storesNothing(async () => {
      const found: string[] = [];
      for (const { name } of bare) {
        const { fault, told } = await post(name, { muted: false });
        if (fault ?? told.field !== 'muted') found.push(`${name}: ${fault ?? `named ${told.field}`}`);
        for (const text of ['false', '"x"', '[1]']) {
          const other = await post(name, text);
          if (other.fault ?? other.told.field !== 'body')
            found.push(`${name}: ${text}: ${other.fault ?? other.told.field}`);
        }
      }
      return found;
    });
    expect(problems).toEqual([]);
  });

  it('refuses a body that is no object, or no JSON', async () => {
    const problems = await storesNothing(async () => {
      const found: string[] = [];
      const texts = [...NO_OBJECTS.map((value) => JSON.stringify(value)), '{', '{"a":1', '{a:1}', '\u0000', '{"a":1}}'];
      for (const { name } of taking) {
        for (const text of texts) {
          const { fault, told } = await post(name, text);
          if (fault ?? told.field !== 'body') found.push(`${name}: ${text}: ${fault ?? `named ${told.field}`}`);
        }
        const form = await post(name, 'a=1', { 'content-type': 'application/x-www-form-urlencoded' });
        if (form.fault ?? form.told.field !== 'content-type') found.push(`${name}: a form: ${form.fault}`);
      }
      return found;
    });
    expect(problems).toEqual([]);
  });

  it('refuses hostile JSON before anything walks it, with an idempotency key or without', async () => {
    const problems = await storesNothing(async () => {
      const found: string[] = [];
      for (const { name } of taking) {
        const base = rowOf(name).call(things()).body as Record<string, unknown>;
        const hostile = { ...HOSTILE_JSON, ...(!VERBATIM.has(name) && HUGE_NUMBERS) };
        for (const [what, text] of Object.entries(hostile)) {
          const free = FREE[name] ?? 'anything';
          const body = JSON.stringify({ ...base, [free]: '@@' }).replace('"@@"', text);
          for (const headers of [undefined, { 'idempotency-key': 'a-key' }]) {
            const { fault } = await post(name, body.replace('"type":"text"', '"type":"custom"'), headers);
            if (fault) found.push(`${name}: ${what}: ${fault}`);
          }
        }
      }
      return found;
    });
    expect(problems).toEqual([]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    await bystandersTalk();
  });

  it('breaks at nothing that parsers differ about', async () => {
    const found: string[] = [];
    for (const name of ['POST /v1/messages', 'POST /v1/users']) {
      for (const [what, text] of Object.entries(ODD_JSON)) {
        const base = { ...rowOf(name).call(things()).body, type: undefined, userId: undefined };
        const more = name.endsWith('messages') ? { type: 'custom', from: scenes.mine.ann.userId } : {};
        const body = JSON.stringify({ ...base, ...more, [FREE[name] ?? '']: '@@' }).replace('"@@"', text);
        const { status, told } = await post(name, `\ufeff${body}`);
        if (status >= 500) found.push(`${name}: ${what}: ${status} ${told.code}`);
      }
    }
    expect(found).toEqual([]);
    await bystandersTalk();
  });
});

describe('an event', () => {
  it('refuses every field that is wrong, missing or not its to take, by name; and stores nothing', async () => {
    const device = await connect(parley.url, scenes.mine.ann.token);
    const problems = await storesNothing(async () => {
      const found: string[] = [];
      for (const { name, body } of await eventInputs(parley)) {
        const base = EVENT_ROWS[name]?.data(owned(scenes, 'twin')) as Record<string, unknown>;
        const whole = NO_OBJECTS.map((value) => ({ why: JSON.stringify(value), field: 'data', body: value }));
        const hostile = Object.entries(HOSTILE_JSON)
          // The rest cannot be written by JSON.stringify, or is within what an event may carry.
          .filter(([why]) => ['100 levels', '11,000 values', '__proto__', 'a deeper __proto__'].includes(why))
          .map(([why, text]) => ({ why, field: 'data', body: { ...base, more: JSON.parse(text) as unknown } }));
        for (const { why, field, body: wrong } of [...negativesOf(body, base), ...whole, ...hostile]) {
          const ack = await device.ask(name as never, wrong as never);
          const told = ack.ok ? undefined : ack.error;
          if (told?.code !== 'INVALID_REQUEST' || told.field !== field) {
            found.push(`${name}: ${why}: ${JSON.stringify(ack).slice(0, 200)}`);
          }
        }
      }
      return found;
    });
    expect(problems).toEqual([]);
    expect(device.closed).toBeUndefined();
    expect(device.heard).toEqual([]);
    device.close();
    await bystandersTalk();
  });
});
