import { rest } from './rest';
import type { Random } from './random';
import { type Outgoing, pause, Sender } from './sender';
import { authorizationOf, logIn, revoking, type Login, type Tenant, type World } from './tenants';
import { VirtualClient } from './virtual-client';

const BEFORE_MS = 600;
const AFTER_MS = 1500;

/** A login that is ended while it sends through every door; it does not give up by itself. */
export class Victim {
  private over = false;

  constructor(
    private readonly world: World,
    private readonly tenant: Tenant,
    private readonly userId: string,
    private readonly deviceId: string,
    private readonly random: Random,
  ) {}

  /** From the login to some time after its end. Does nothing when the login itself fails, as it may during a fault. */
  async live(write: (label: string) => Omit<Outgoing, 'via' | 'copies'>): Promise<void> {
    const { world, tenant, userId, deviceId } = this;
    const login = await logIn(world.url, tenant, userId).catch(() => undefined);
    if (!login) return;
    const client = new VirtualClient({ world, tenant, login, deviceId, reads: false });
    client.connect();
    const doors = ['socket', ...world.nodeUrls];
    const sender = new Sender({
      world,
      tenant,
      device: client.device,
      authorization: authorizationOf(login),
      random: this.random,
      client,
      goesOn: () => false,
    });
    const sending = doors.map(async (way, door) => {
      for (let count = 0; !this.over; count++) {
        const message = { ...write(`${userId}/${deviceId} ${door}.${count}`), copies: 1, via: 'rest' as const };
        await sender.attempt(message, 1, way);
        await pause(20);
      }
    });
    await pause(BEFORE_MS);
    const revoked = await this.revoke(client, login);
    if (revoked) {
      await pause(AFTER_MS / 2);
      client.returnAnyway();
    }
    await pause(AFTER_MS / 2);
    this.over = true;
    await Promise.all(sending);
    client.close();
  }

  private async revoke(client: VirtualClient, login: Login): Promise<boolean> {
    const { history, nodeUrls } = this.world;
    const began = history.now();
    const answer = await rest(this.random.pick(nodeUrls), revoking(this.tenant, login)).catch(() => undefined);
    if (!answer || answer.status < 200 || answer.status > 299) return false;
    history.add({ type: 'revoked', at: history.now(), began, device: client.device });
    return true;
  }
}
