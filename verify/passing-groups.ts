import { GroupAsker } from './group-asker';
import type { GroupWorld } from './group-world';
import { Random } from './random';
import { pause } from './sender';
import { groupMessage } from './texts';

/** Groups that users make for a moment: founded, talked in, dissolved, and talked to once more, which must fail. */
export class PassingGroups {
  private readonly random: Random;
  private readonly asker: GroupAsker;

  constructor(private readonly place: GroupWorld) {
    const { world, tenant } = place;
    this.random = new Random(world.seed, `passing groups ${tenant.name}`);
    this.asker = new GroupAsker(world, tenant);
  }

  async live(active: () => boolean, meanPause: number): Promise<void> {
    for (let count = 1; active(); count++) {
      await pause(meanPause * (0.5 + this.random.next()));
      if (active()) await this.one(`moment-${count}`);
    }
  }

  private async one(groupId: string): Promise<void> {
    const { tenant } = this.place;
    const [founder = '', ...members] = this.random.shuffle(tenant.users).slice(0, 4);
    const { client, device } = this.place.actorOf(founder, this.random);
    if (!client) return;
    const created = { kind: 'created' as const, users: [founder, ...members] };
    const wanted = { groupId, name: groupId, visibility: 'private' as const, members };
    const { outcome } = await this.asker.bySocket(device, `group:${groupId}`, created, () =>
      client.call('group:create', wanted),
    );
    if (outcome === 'fail') return;
    const say = async (userId: string, what: string): Promise<void> => {
      const label = `${groupId} ${userId} ${what}`;
      await this.place
        .senderOf(userId, this.random)
        .send({ ...groupMessage(tenant, userId, groupId, label), via: 'socket', copies: 1 });
    };
    const talking = [founder, ...members].map((userId) => say(userId, 'hello'));
    await pause(this.random.between(0, 300));
    const dissolved = { kind: 'dissolved' as const, users: [] };
    await this.asker.bySocket(device, `group:${groupId}`, dissolved, () => client.call('group:dissolve', { groupId }));
    await Promise.all([...talking, say(founder, 'anybody here?')]);
  }
}
