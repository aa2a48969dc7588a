import { talkToCrowd } from './crowd';
import { GroupLife } from './group-life';
import { type Actor, foundGroups, GROUPS } from './group-world';
import { PassingGroups } from './passing-groups';
import type { Text } from './pest';
import { Random } from './random';
import { pause, Sender, type SendResult } from './sender';
import { openRooms, RoomLife, ROOMS } from './room-life';
import { authorizationOf, logIn, type Tenant, type World } from './tenants';
import { directMessage, groupMessage, notice, roomMessage } from './texts';
import { VirtualClient } from './virtual-client';
import { Victim } from './victim';

export interface LoadOptions {
  /** Acknowledged messages a second, all clients together. */
  rate: number;
  devicesPerUser: number;
  /** Ends of sessions a minute, both tenants together. */
  revocations: number;
  /** Milliseconds between two changes of a group, on average. */
  changesEveryMs: number;
}

/** Strands of one device send at the same time, each in conversations of its own: one message at a time in each. */
const STRANDS = 2;
const REST_SHARE = 0.2;
const GROUP_SHARE = 0.2;
const ROOM_SHARE = 0.08;
/** Of messages to one user, how many go to somebody who is away all the time. */
const AWAY_SHARE = 0.08;
/** Of a group's messages, how many are directed to some members. */
const DIRECTED_SHARE = 0.15;
/** A group for a moment comes this many changes after the one before. */
const MOMENT_CHANGES = 8;
const COPIES_SHARE = 0.04;
/** How often a device does not wait for the acknowledgement: several messages leave at once, on its one socket. */
const BURST_SHARE = 0.04;

/** The virtual clients of all tenants, and what they do until told to stop. */
export class Workload {
  readonly clients: VirtualClient[] = [];
  readonly results: Record<SendResult, number> = { acked: 0, refused: 0, unknown: 0 };
  /** Chance that a message is sent several times at once; a fault raises it for a while. */
  copiesShare = COPIES_SHARE;
  private active = true;
  private repeats = true;
  private readonly strands: Promise<void>[] = [];
  private readonly authorizations = new Map<VirtualClient, string>();

  constructor(
    private readonly world: World,
    private readonly options: LoadOptions,
  ) {}

  /** Everybody logs in and connects. */
  async connect(): Promise<void> {
    for (const tenant of this.world.tenants) {
      for (const userId of [...tenant.users, tenant.ownUser]) {
        for (let index = 1; index <= this.options.devicesPerUser; index++) {
          const login = await logIn(this.world.url, tenant, userId);
          const deviceId = `d${index}`;
          const client = new VirtualClient({ world: this.world, tenant, login, deviceId, reads: true });
          this.clients.push(client);
          this.authorizations.set(client, authorizationOf(login));
          client.connect();
        }
      }
    }
    for (const tenant of this.world.tenants) {
      await foundGroups(this.world.url, tenant);
      await openRooms(this.world.url, tenant);
    }
    for (const end = performance.now() + 20_000; !this.clients.every(({ connected }) => connected); await pause(50)) {
      if (performance.now() > end) throw new Error('not all clients could connect');
    }
  }

  start(): void {
    const { tenants } = this.world;
    const strands = this.clients.length * STRANDS + tenants.length;
    const meanPause = (strands / this.options.rate) * 1000;
    for (const client of this.clients) {
      for (let strand = 0; strand < STRANDS; strand++) this.strands.push(this.userStrand(client, strand, meanPause));
    }
    for (const tenant of tenants) {
      this.strands.push(this.serverStrand(tenant, meanPause));
      if (this.options.revocations > 0) this.strands.push(this.revocations(tenant));
      this.strands.push(...this.groupStrands(tenant));
      if (this.world.push?.crowded) this.strands.push(this.crowdStrand(tenant));
    }
  }

  /** No new messages; what is under way is repeated until `patienceMs` are over. */
  async finish(patienceMs: number): Promise<void> {
    this.active = false;
    const patience = setTimeout(() => (this.repeats = false), patienceMs);
    await Promise.all(this.strands);
    clearTimeout(patience);
  }

  close(): void {
    this.active = false;
    this.repeats = false;
    for (const client of this.clients) client.close();
  }

  private async userStrand(client: VirtualClient, strand: number, meanPause: number): Promise<void> {
    const [tenantName, userId = ''] = client.device.split('/');
    const tenant = this.world.tenants.find(({ name }) => name === tenantName);
    if (!tenant) throw new Error(`no tenant ${tenantName}`);
    const groups = GROUPS.filter((_, index) => index % STRANDS === strand);
    const random = new Random(this.world.seed, `strand ${client.device} ${strand}`);
    const peers = peersOf(tenant, userId).filter((_, index) => index % STRANDS === strand);
    const sender = this.senderOf(client, tenant, random, () => this.repeats);
    for (let count = 0; this.active && peers.length > 0; count++) {
      await pause(random.exponential(meanPause));
      if (!this.active) return;
      const away = tenant.sleepers.filter((_, index) => index % STRANDS === strand);
      const peer = random.pick(random.chance(AWAY_SHARE) && away.length > 0 ? away : peers);
      const via = random.chance(REST_SHARE) ? 'rest' : 'socket';
      // All drawn whether they are used or not, so that a changed share does not change every choice after it.
      const [dice, many, burst] = [random.next(), random.between(2, 5), random.chance(BURST_SHARE)];
      const copies = dice < this.copiesShare ? many : 1;
      const share = userId === tenant.ownUser ? 1 : random.next();
      const group = share < GROUP_SHARE ? random.pick(groups) : undefined;
      const room = !group && share < GROUP_SHARE + ROOM_SHARE ? ROOMS[strand] : undefined;
      const recipients = random.chance(DIRECTED_SHARE) ? random.shuffle(tenant.users).slice(0, 2) : undefined;
      const messages = Array.from({ length: burst && via === 'socket' ? 3 : 1 }, (_, index) => {
        const label = `${labelOf(client.device)} ${strand}.${count}.${index}`;
        if (room) return roomMessage(tenant, userId, room.chatroomId, label);
        if (!group) return directMessage(tenant, userId, peer, label);
        return groupMessage(tenant, userId, group.groupId, label, recipients);
      });
      for (const result of await Promise.all(messages.map((message) => sender.send({ ...message, via, copies }))))
        this.results[result]++;
    }
  }

  /** The app's own server: in the name of its users, and notices of its own. */
  private async serverStrand(tenant: Tenant, meanPause: number): Promise<void> {
    const device = `${tenant.name}/-/server`;
    const random = new Random(this.world.seed, `strand ${device}`);
    const sender = new Sender({
      world: this.world,
      tenant,
      device,
      authorization: tenant.server,
      random,
      goesOn: () => this.repeats,
    });
    for (let count = 0; this.active; count++) {
      await pause(random.exponential(meanPause));
      if (!this.active) return;
      const userId = random.pick(tenant.users);
      const label = `${labelOf(device)} ${count}`;
      const message = this.serverMessage(tenant, userId, label, random);
      this.results[await sender.send({ ...message, via: 'rest', copies: random.chance(0.1) ? 2 : 1 })]++;
    }
  }

  private crowdStrand(tenant: Tenant): Promise<void> {
    return talkToCrowd(this.world, tenant, {
      active: () => this.active,
      goesOn: () => this.repeats,
      told: (result) => this.results[result]++,
    });
  }

  /** In a user's name to another or to a group, or a notice of the app's own. */
  private serverMessage(tenant: Tenant, userId: string, label: string, random: Random): Text & { from?: string } {
    const dice = random.next();
    if (dice < 0.4)
      return { ...directMessage(tenant, userId, random.pick(peersOf(tenant, userId)), label), from: userId };
    if (dice < 0.7) return notice(tenant, userId, label);
    const { groupId } = random.pick(GROUPS);
    return dice < 0.85
      ? { ...groupMessage(tenant, userId, groupId, label), from: userId }
      : groupMessage(tenant, '-', groupId, label);
  }

  /** The groups that stay, and those of a moment. */
  private groupStrands(tenant: Tenant): Promise<void>[] {
    const actorOf = (userId: string, random: Random): Actor => {
      const client = random.pick(devicesOf(userId));
      return { client, device: client.device, authorization: this.authorizations.get(client) ?? '' };
    };
    const senderOf = (userId: string, random: Random): Sender => {
      const { client } = actorOf(userId, random);
      if (!client) throw new Error(`${userId} has no device`);
      return this.senderOf(client, tenant, random, () => false);
    };
    const server = { device: `${tenant.name}/-/server`, authorization: tenant.server };
    const devicesOf = (userId: string): VirtualClient[] =>
      this.clients.filter(({ device }) => device.startsWith(`${tenant.name}/${userId}/`));
    const place = { world: this.world, tenant, actorOf, senderOf, server, devicesOf };
    const { changesEveryMs } = this.options;
    const active = (): boolean => this.active;
    const lives = GROUPS.map((group) => new GroupLife(place, group));
    for (const life of lives) life.founded();
    return [
      ...lives.map((life) => life.live(active, changesEveryMs)),
      ...ROOMS.map((room) => new RoomLife(place, room).live(active, changesEveryMs)),
      new PassingGroups(place).live(active, changesEveryMs * MOMENT_CHANGES),
    ];
  }

  private senderOf(client: VirtualClient, tenant: Tenant, random: Random, goesOn: () => boolean): Sender {
    const authorization = this.authorizations.get(client) ?? '';
    return new Sender({ world: this.world, tenant, device: client.device, authorization, random, client, goesOn });
  }

  /** Users whose extra login is ended in the middle of what it does. */
  private async revocations(tenant: Tenant): Promise<void> {
    const random = new Random(this.world.seed, `revocations ${tenant.name}`);
    const meanPause = (60_000 * this.world.tenants.length) / this.options.revocations;
    for (let count = 1; this.active; count++) {
      await pause(meanPause * (0.5 + random.next() / 2));
      if (!this.active) return;
      const userId = random.pick(tenant.users);
      const peer = random.pick(peersOf(tenant, userId));
      const victim = new Victim(this.world, tenant, userId, `v${count}`, random);
      await victim.live((label) => directMessage(tenant, userId, peer, label));
    }
  }
}

/** Neighbours in a ring, and theirs: every user has four conversations. */
function peersOf({ users, ownUser }: Tenant, userId: string): string[] {
  const at = users.indexOf(userId);
  if (at < 0) return users.slice(0, 1);
  const near = [1, 2, users.length - 1, users.length - 2].map((step) => users[(at + step) % users.length] ?? '');
  return [...new Set(at === 0 ? [...near, ownUser] : near)].filter((peer) => peer !== userId && peer !== '');
}

const labelOf = (device: string): string => device.slice(device.indexOf('/') + 1);
