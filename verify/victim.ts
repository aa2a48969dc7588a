import { pester, type Text } from './pest';
import { rest } from './rest';
import type { Random } from './random';
import { pause, Sender } from './sender';
import { authorizationOf, logIn, revoking, type Login, type Tenant, type World } from './tenants';
import { VirtualClient } from './virtual-client';

const BEFORE_MS = 600;
const AFTER_MS = 1500;
const PAUSE_MS = 20;

/** A login that is ended while it sends through every door; it does not give up by itself. */
export class Victim {
  constructor(
    private readonly world: World,
    private readonly tenant: Tenant,
    private readonly userId: string,
    private readonly deviceId: string,
    private readonly random: Random,
  ) {}

  /** From the login to some time after its end. Does nothing when the login itself fails, as it may during a fault. */
  async live(write: (label: string) => Text): Promise<void> {
    const { world, tenant, userId, deviceId } = this;
    const login = await logIn(world.url, tenant, userId).catch(() => undefined);
    if (!login) return;
    const client = new VirtualClient({ world, tenant, login, deviceId, reads: false });
    client.connect();
    const sender = new Sender({
      world,
      tenant,
      device: client.device,
      authorization: authorizationOf(login),
      random: this.random,
      client,
      goesOn: () => false,
    });
    const stop = pester(sender, world.nodeUrls, PAUSE_MS, (label) => write(`${userId}/${deviceId} ${label}`));
    await pause(BEFORE_MS);
    const revoked = await this.revoke(client, login);
    if (revoked) {
      await pause(AFTER_MS / 2);
      client.returnAnyway();
    }
    await pause(AFTER_MS / 2);
    await stop();
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
