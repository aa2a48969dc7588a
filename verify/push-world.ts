import { createHash } from 'node:crypto';
import { gatherCrowd, LAST, PHONELESS } from './crowd';
import { PushVendors } from '../test/support/push/vendors';
import { NEXT, type Scripted, type Seen as Asked } from '../test/support/push/script';
import type { Random } from './random';
import { must } from './rest';
import { authorizationOf, logIn, type Tenant, watchCanaries, type World } from './tenants';

/** Shorter than in production, so that a vendor that hangs, or a worker that died, is found out within a fault. */
const TIMEOUT_MS = 1500;
export const LEASE_MS = 8000;

/** The phones of those who are away all the time. */
const PHONES = [
  { userId: 'away1', phone: 'old', provider: 'apns' },
  { userId: 'away1', phone: 'new', provider: 'fcm' },
  { userId: 'away2', phone: 'only', provider: 'apns' },
  { userId: 'away3', phone: 'sold', provider: 'apns' },
  { userId: LAST, phone: 'last', provider: 'apns' },
] as const;
export const SLEEPERS: readonly string[] = [...new Set(PHONES.map(({ userId }) => userId))];
/** Its token dies while the vendors make trouble. */
const SOLD = 'sold';

/** Every way in which a vendor may not take a notification, or take it and not say so. */
const TROUBLES: readonly Scripted[] = [
  { status: 429, reason: 'TooManyRequests', retryAfter: '1' },
  { status: 500, reason: 'InternalServerError' },
  { status: 503, reason: 'ServiceUnavailable' },
  { drop: 'hang' },
  { drop: 'hang', takes: true },
  { drop: 'goaway' },
  { drop: 'goaway', takes: true },
  { drop: 'reset' },
  { drop: 'cut' },
  { drop: 'cut', takes: true },
];

/** Apple and Google on this machine, and who is pushed through them. */
export class PushWorld {
  /** By token: `tenant/user/phone`. */
  private readonly phones = new Map<string, string>();
  /** The names of Apple's keys that tenants hold. */
  private readonly keys = new Set<string>();
  private readonly listeners = new Set<(asked: Asked) => void>();

  private constructor(
    private readonly vendors: PushVendors,
    /** Whether some of those away are many, in one group. */
    readonly crowded: boolean,
  ) {}

  static async start(crowded: boolean): Promise<PushWorld> {
    return new PushWorld(await new PushVendors().start(), crowded);
  }

  get env(): Record<string, string> {
    return { ...this.vendors.env, PUSH_TIMEOUT_MS: String(TIMEOUT_MS), WORK_LEASE_MS: String(LEASE_MS) };
  }

  /** Every tenant's credentials, and the phones of its sleepers. What the vendors see goes into the history. */
  async settleIn(world: World): Promise<void> {
    await this.uploadKeys(world);
    for (const tenant of world.tenants) {
      await upload(world, tenant, 'fcm', { serviceAccount: this.vendors.fcm.account() });
      for (const phone of PHONES.filter(({ userId }) => userId !== LAST)) await this.bind(world, tenant, phone);
      if (this.crowded) await gatherCrowd(world, tenant);
      for (const phone of PHONES.filter(({ userId }) => userId === LAST)) await this.bind(world, tenant, phone);
    }
    for (const records of [this.vendors.apns.records, this.vendors.fcm.records])
      records.onSeen((asked) => this.seen(world, asked));
  }

  /** Of everybody who is away, by `tenant/user`. */
  phonesOf(tenants: readonly Tenant[]): Map<string, string[]> {
    return new Map(
      tenants.flatMap(({ name }) =>
        [...SLEEPERS, ...(this.crowded ? PHONELESS : [])].map((userId): [string, string[]] => [
          `${name}/${userId}`,
          PHONES.filter((phone) => phone.userId === userId).map(({ phone }) => phone),
        ]),
      ),
    );
  }

  /** Apple knows none of the tenants' keys any more. */
  revokeKeys(): void {
    for (const keyId of this.keys) this.vendors.apns.distrust(keyId);
    this.keys.clear();
  }

  /** A new one for each tenant, in the place of what it had. */
  async uploadKeys(world: World): Promise<void> {
    for (const tenant of world.tenants) {
      const key = this.vendors.apnsToken();
      this.keys.add(key.keyId);
      await upload(world, tenant, 'apns', key);
    }
  }

  /** What vendors do wrong, in turn; `next` does the next of it. Some phones are somebody else's from now on. */
  trouble(random: Random): { next: () => void } {
    const turns = random.shuffle(TROUBLES);
    const gone = { status: 410, reason: 'Unregistered', timestamp: Date.now() };
    for (const [token, phone] of this.phones) if (phone.endsWith(`/${SOLD}`)) this.vendors.apns.script.set(token, gone);
    let turn = 0;
    return {
      next: () => {
        const answer = turns[turn++ % turns.length] ?? {};
        for (const { script } of [this.vendors.apns, this.vendors.fcm]) script.set(NEXT, answer);
        // The machine behind it goes, and finishes what it has.
        if (random.chance(0.2)) this.vendors.apns.goAway();
      },
    };
  }

  /** What was taken is answered so much later. */
  slow(delayMs: number): void {
    for (const { script } of [this.vendors.apns, this.vendors.fcm]) script.set(NEXT, { delayMs });
  }

  calm(): void {
    for (const { script } of [this.vendors.apns, this.vendors.fcm]) script.set(NEXT, {});
  }

  /** The next notification that a vendor takes; false when none comes in time. */
  async nextTaken(withinMs: number): Promise<boolean> {
    let heard: ((asked: Asked) => void) | undefined;
    const taken = new Promise<boolean>((resolve) => {
      heard = ({ taken }) => taken && resolve(true);
      this.listeners.add(heard);
      setTimeout(() => resolve(false), withinMs).unref();
    });
    const result = await taken;
    if (heard) this.listeners.delete(heard);
    return result;
  }

  close(): Promise<void> {
    return this.vendors.close();
  }

  private async bind(world: World, tenant: Tenant, { userId, phone, provider }: (typeof PHONES)[number]) {
    const login = await logIn(world.url, tenant, userId);
    const device = `${tenant.name}/${userId}/${phone}`;
    const token = createHash('sha256').update(device).digest('hex');
    this.phones.set(token, device);
    const body = { platform: provider === 'apns' ? 'ios' : 'android', provider, token };
    const path = `/v1/devices/${phone}`;
    await must(world.url, { method: 'PUT', path, authorization: authorizationOf(login), body });
  }

  private seen({ history, tenants, ...world }: World, asked: Asked): void {
    const device = this.phones.get(asked.token);
    // An access token is asked for by nobody's phone.
    if (device === undefined) return;
    const tenant = tenants.find(({ name }) => device.startsWith(`${name}/`));
    const { conversationId = '?', seq = '0' } = dataOf(asked.body);
    const { taken, status, id = '', collapseId = '' } = asked;
    const named = { conversation: `${tenant?.name ?? '?'}|${conversationId}`, seq: Number(seq), id, collapseId };
    history.add({ type: 'push', at: history.now(), device, ...named, taken, status });
    if (tenant)
      watchCanaries({ history, tenants, ...world }, tenant, device)(JSON.stringify(asked.body), 'a notification');
    for (const listener of this.listeners) listener(asked);
  }
}

function upload({ url }: World, { server: authorization }: Tenant, vendor: 'apns' | 'fcm', body: object) {
  return must(url, { method: 'PUT', path: `/v1/push/credentials/${vendor}`, authorization, body });
}

/** What the notification carries for the client, wherever its vendor has that. */
function dataOf(body: unknown): Record<string, string> {
  if (typeof body !== 'object' || body === null) return {};
  if ('conversationId' in body) return body as Record<string, string>;
  return (
    Object.values(body)
      .map(dataOf)
      .find((found) => 'conversationId' in found) ?? {}
  );
}
