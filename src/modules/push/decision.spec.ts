import fc from 'fast-check';
import {
  CONFIRM_MS,
  decide,
  type DeviceFacts,
  isRecorded,
  type PushFacts,
  SUPPRESS_REASONS,
  type SuppressReason,
} from './decision';

const NOW = new Date('2026-11-21T12:00:00.000Z');
const ago = (ms: number): Date => new Date(NOW.getTime() - ms);

const phone: DeviceFacts = { deviceId: 'phone', state: 'offline', pk: 1, provider: 'apns' };
const AWAY: PushFacts = {
  now: NOW,
  app: { enabled: true, mentionsPierce: false, providers: new Map([['apns', 'ready']]) },
  message: { type: 'text', counts: true, sentAt: ago(100), recalled: false, mentioned: false },
  recipient: { own: false, entitled: true, read: false, confirmed: false, muted: false },
  devices: [phone],
};

type Change = {
  [K in keyof PushFacts]?: PushFacts[K] extends readonly unknown[] | Date ? PushFacts[K] : Partial<PushFacts[K]>;
};
const given = (change: Change): PushFacts => ({
  now: change.now ?? AWAY.now,
  app: { ...AWAY.app, ...change.app },
  message: { ...AWAY.message, ...change.message },
  recipient: { ...AWAY.recipient, ...change.recipient },
  devices: change.devices ?? AWAY.devices,
});
const because = (reason: SuppressReason) => ({ push: false, reason });
const ALL_DAY = { quietHours: { from: '00:00', to: '23:59' } };

describe('who is pushed', () => {
  it.each<[string, Change, object]>([
    ['away: pushed at once', {}, { push: true, devicePks: [1] }],
    [
      'in the background: pushed too (G6)',
      { devices: [{ ...phone, state: 'background' }] },
      { push: true, devicePks: [1] },
    ],
    [
      'in the background and confirmed there: pushed all the same, nobody has looked at it',
      { devices: [{ ...phone, state: 'background' }], recipient: { confirmed: true } },
      { push: true, devicePks: [1] },
    ],
    [
      'in the foreground on any device: the socket has five seconds first (G5)',
      { devices: [phone, { deviceId: 'web', state: 'foreground' }] },
      { wait: CONFIRM_MS - 100 },
    ],
    [
      'in the foreground and confirmed: no push',
      { devices: [phone, { deviceId: 'web', state: 'foreground' }], recipient: { confirmed: true } },
      because('delivered'),
    ],
    [
      'in the foreground but silent for five seconds: counts as away',
      { devices: [{ ...phone, state: 'foreground' }], message: { sentAt: ago(CONFIRM_MS) } },
      { push: true, devicePks: [1] },
    ],
    [
      'in the foreground, of whom no device has a token: it may confirm all the same',
      { devices: [{ deviceId: 'web', state: 'foreground' }] },
      { wait: CONFIRM_MS - 100 },
    ],
    [
      'in the foreground and confirmed, without any token: it was there, and nothing is owed',
      { devices: [{ deviceId: 'web', state: 'foreground' }], recipient: { confirmed: true } },
      because('delivered'),
    ],
    [
      'in the foreground but silent for five seconds, without any token: away, and nothing to reach it by',
      { devices: [{ deviceId: 'web', state: 'foreground' }], message: { sentAt: ago(CONFIRM_MS) } },
      because('no-device'),
    ],
    [
      'in the background, without any token: away',
      { devices: [{ deviceId: 'web', state: 'background' }], recipient: { confirmed: true } },
      because('no-device'),
    ],
    [
      'in the foreground, and wants to hear nothing: who is there is not away, whatever it wants',
      { devices: [{ ...phone, state: 'foreground' }], recipient: { muted: true } },
      { wait: CONFIRM_MS - 100 },
    ],
    ['read elsewhere meanwhile', { recipient: { read: true, confirmed: true } }, because('read')],
    ['its own message', { recipient: { own: true } }, because('own')],
    ['gone or deactivated', { recipient: { entitled: false } }, because('not-entitled')],
    ['an app that wants none', { app: { enabled: false } }, because('push-disabled')],
    ['recalled', { message: { recalled: true } }, because('recalled')],
    ['a message that wants none', { message: { push: false } }, because('message-off')],
    ['a command', { message: { type: 'command', counts: false } }, because('not-counted')],
    ['do not disturb', { recipient: { muted: true } }, because('muted')],
    ['quiet hours', { recipient: { settings: ALL_DAY } }, because('quiet-hours')],
    [
      'do not disturb, mentioned, where the app says nothing',
      { recipient: { muted: true }, message: { mentioned: true } },
      because('muted'),
    ],
    [
      'do not disturb and quiet hours, mentioned, where mentions pierce',
      { recipient: { muted: true, settings: ALL_DAY }, message: { mentioned: true }, app: { mentionsPierce: true } },
      { push: true, devicePks: [1] },
    ],
    ['no device at all', { devices: [] }, because('no-device')],
    ['only a device without a token', { devices: [{ deviceId: 'web', state: 'offline' }] }, because('no-device')],
    ['no credential', { app: { providers: new Map() } }, because('no-credential')],
    [
      'a paused credential: pushed as soon as another is uploaded',
      { app: { providers: new Map([['apns', 'paused']]) } },
      { push: true, devicePks: [1] },
    ],
    [
      'two vendors, one of them paused: both, one of them later',
      {
        app: {
          providers: new Map([
            ['apns', 'paused'],
            ['fcm', 'ready'],
          ]),
        },
        devices: [phone, { deviceId: 'tablet', state: 'offline', pk: 2, provider: 'fcm' }],
      },
      { push: true, devicePks: [1, 2] },
    ],
    [
      'two vendors, one of them without a credential: the other one',
      {
        app: { providers: new Map([['fcm', 'ready']]) },
        devices: [phone, { deviceId: 'tablet', state: 'offline', pk: 2, provider: 'fcm' }],
      },
      { push: true, devicePks: [2] },
    ],
  ])('%s', (_, change, decision) => {
    expect(decide(given(change))).toEqual(decision);
  });

  it('is told the reason that the user could change before what its devices lack', () => {
    expect(decide(given({ recipient: { muted: true }, devices: [] }))).toEqual(because('muted'));
    expect(decide(given({ recipient: { muted: true, own: true }, devices: [] }))).toEqual(because('own'));
  });

  it('never waits longer than a confirmation may take, whatever the clocks say', () => {
    const devices: DeviceFacts[] = [{ ...phone, state: 'foreground' }];
    expect(decide(given({ devices, message: { sentAt: ago(-3_600_000) } }))).toEqual({ wait: CONFIRM_MS });
  });

  it('reads quiet hours where the user is, else where its latest device is', () => {
    // 20:00 in Shanghai.
    const quietHours = { from: '19:30', to: '07:00' };
    expect(decide(given({ recipient: { settings: { quietHours } } }))).toMatchObject({ push: true });
    const devices = [{ ...phone, timeZone: 'Asia/Shanghai' }];
    expect(decide(given({ recipient: { settings: { quietHours } }, devices }))).toEqual(because('quiet-hours'));
    const settings = { quietHours: { ...quietHours, timeZone: 'Europe/Lisbon' } };
    expect(decide(given({ recipient: { settings }, devices }))).toMatchObject({ push: true });
  });
});

const provider = fc.constantFrom('apns' as const, 'fcm' as const, 'huawei' as const);
const device = fc.record(
  {
    deviceId: fc.string(),
    state: fc.constantFrom('foreground' as const, 'background' as const, 'offline' as const),
    bound: fc.option(fc.record({ pk: fc.nat(), provider }), { nil: undefined }),
  },
  { requiredKeys: ['deviceId', 'state', 'bound'] },
);
const anyFacts: fc.Arbitrary<PushFacts> = fc
  .record({
    enabled: fc.boolean(),
    mentionsPierce: fc.boolean(),
    providers: fc.array(fc.tuple(provider, fc.constantFrom('ready' as const, 'paused' as const))),
    counts: fc.boolean(),
    sentAgo: fc.integer({ min: -60_000, max: 60_000 }),
    recalled: fc.boolean(),
    off: fc.boolean(),
    mentioned: fc.boolean(),
    recipient: fc.record({
      own: fc.boolean(),
      entitled: fc.boolean(),
      read: fc.boolean(),
      confirmed: fc.boolean(),
      muted: fc.boolean(),
    }),
    quiet: fc.boolean(),
    devices: fc.array(device, { maxLength: 4 }),
  })
  .map((drawn) => ({
    now: NOW,
    app: { enabled: drawn.enabled, mentionsPierce: drawn.mentionsPierce, providers: new Map(drawn.providers) },
    message: {
      type: 'text',
      counts: drawn.counts,
      sentAt: ago(drawn.sentAgo),
      recalled: drawn.recalled,
      mentioned: drawn.mentioned,
      ...(drawn.off && { push: false as const }),
    },
    recipient: { ...drawn.recipient, ...(drawn.quiet && { settings: ALL_DAY }) },
    devices: drawn.devices.map(({ bound, ...rest }) => ({ ...rest, ...bound })),
  }));

describe('every decision', () => {
  it('is a push to devices with a token and a vendor that the app has a credential for, one known reason, or a bounded wait', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const decision = decide(facts);
        const foreground = facts.devices.some(({ state }) => state === 'foreground');
        if ('wait' in decision) {
          expect(decision.wait).toBeGreaterThan(0);
          expect(decision.wait).toBeLessThanOrEqual(CONFIRM_MS);
          expect(foreground && !facts.recipient.confirmed).toBe(true);
        } else if (decision.push) {
          const reachable = facts.devices.filter(
            ({ pk, provider }) => pk !== undefined && provider !== undefined && facts.app.providers.has(provider),
          );
          expect(decision.devicePks).toEqual(reachable.map(({ pk }) => pk));
          expect(decision.devicePks.length).toBeGreaterThan(0);
          expect(foreground && (facts.recipient.confirmed || facts.now < facts.message.sentAt)).toBe(false);
        } else expect(SUPPRESS_REASONS).toContain(decision.reason);
      }),
      { numRuns: 2000 },
    );
  });

  it('is recorded of nobody who may still confirm, or has', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const decision = decide(facts);
        if ('wait' in decision || decision.push || !isRecorded(decision.reason)) return;
        const { now, message, recipient, devices } = facts;
        const there = devices.some(({ state }) => state === 'foreground');
        const silent = now.getTime() - message.sentAt.getTime() >= CONFIRM_MS;
        expect(recipient.read || (there && (recipient.confirmed || !silent))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('never pushes what anybody switched off', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const { app, message, recipient } = facts;
        const pierces = app.mentionsPierce && message.mentioned;
        const off =
          recipient.own ||
          !recipient.entitled ||
          !app.enabled ||
          message.recalled ||
          message.push === false ||
          !message.counts ||
          recipient.read ||
          ((recipient.muted || recipient.settings !== undefined) && !pierces);
        if (off) expect(decide(facts)).not.toHaveProperty('push', true);
      }),
      { numRuns: 2000 },
    );
  });

  it('comes to an end: asked again after the wait, the same facts wait no more', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const decision = decide(facts);
        if (!('wait' in decision) || facts.message.sentAt > facts.now) return;
        expect(decide({ ...facts, now: new Date(facts.now.getTime() + decision.wait) })).not.toHaveProperty('wait');
      }),
      { numRuns: 2000 },
    );
  });

  it('can give each of its reasons', () => {
    const seen = new Set(
      fc
        .sample(anyFacts, { numRuns: 20_000, seed: 1 })
        .map((facts) => (decide(facts) as { reason?: SuppressReason }).reason),
    );
    expect(SUPPRESS_REASONS.filter((reason) => !seen.has(reason))).toEqual([]);
  });
});
