import { GroupAsker } from './group-asker';
import type { Actor, GroupWorld } from './group-world';
import type { Happening } from './history';
import { pester } from './pest';
import { Random } from './random';
import { must } from './rest';
import { pause } from './sender';
import type { Tenant } from './tenants';
import { roomMessage } from './texts';
import type { VirtualClient } from './virtual-client';

/** The rooms that every tenant has, under the same ids, and what a device asks for of their past. */
export const ROOMS = [
  { chatroomId: 'stage', history: 10 },
  { chatroomId: 'lounge', history: 3 },
] as const;

const PEST_PAUSE_MS = 40;
const PEST_AFTER_MS = 400;

export async function openRooms(url: string, { server }: Tenant): Promise<void> {
  for (const { chatroomId } of ROOMS) {
    const body = { chatroomId, name: chatroomId };
    await must(url, { method: 'POST', path: '/v1/chatrooms', authorization: server, body });
  }
}

/** What happens in one room besides messages: devices come and go, users are muted, put out and banned. */
export class RoomLife {
  private readonly random: Random;
  private readonly asker: GroupAsker;
  private count = 0;

  constructor(
    private readonly place: GroupWorld & { devicesOf: (userId: string) => readonly VirtualClient[] },
    private readonly room: (typeof ROOMS)[number],
  ) {
    const { world, tenant } = place;
    this.random = new Random(world.seed, `room ${tenant.name} ${room.chatroomId}`);
    this.asker = new GroupAsker(world, tenant);
  }

  async live(active: () => boolean, meanPause: number): Promise<void> {
    const { users } = this.place.tenant;
    await Promise.all(users.map((userId) => this.enter(userId)));
    while (active()) {
      await pause(this.random.exponential(meanPause));
      if (active()) await this.change(this.random.pick(users));
    }
  }

  private async change(userId: string): Promise<void> {
    const dice = this.random.next();
    if (dice < 0.4) {
      await this.leave(userId);
      await this.enter(userId);
    } else if (dice < 0.6) await this.mute(userId);
    else await this.putOut(userId, dice < 0.8);
  }

  private async mute(userId: string): Promise<void> {
    const path = `/mutes/${userId}`;
    await this.amidst(userId, () => this.ask({ kind: 'muted', users: [userId] }, 'PUT', path));
    await this.undo({ kind: 'unmuted', users: [userId] }, path);
  }

  private async putOut(userId: string, banned: boolean): Promise<void> {
    for (const client of this.place.devicesOf(userId)) client.rooms.giveUp(this.room.chatroomId);
    const happening: Happening = { kind: banned ? 'banned' : 'removed', users: [userId] };
    await this.amidst(userId, () =>
      this.ask(happening, banned ? 'PUT' : 'DELETE', `/${banned ? 'bans' : 'members'}/${userId}`),
    );
    if (banned) await this.undo({ kind: 'unbanned', users: [userId] }, `/bans/${userId}`);
    await this.leave(userId);
    await this.enter(userId);
  }

  /** Does that to somebody who is sending through every door and does not give up. */
  private async amidst(userId: string, strike: () => Promise<unknown>): Promise<void> {
    const { world, tenant } = this.place;
    const { chatroomId } = this.room;
    const label = `${chatroomId} ${userId} pest ${++this.count}`;
    const stop = pester(this.place.senderOf(userId, this.random), world.nodeUrls, PEST_PAUSE_MS, (count) =>
      roomMessage(tenant, userId, chatroomId, `${label} ${count}`),
    );
    await pause(this.random.between(50, 200));
    await strike();
    await pause(PEST_AFTER_MS);
    await stop();
  }

  /** Until it is answered for certain. */
  private async undo(happening: Happening, path: string): Promise<void> {
    for (let tries = 0; tries < 20 && (await this.ask(happening, 'DELETE', path)).outcome === 'info'; tries++)
      await pause(500);
  }

  private async enter(userId: string): Promise<void> {
    const { chatroomId, history } = this.room;
    await Promise.all(this.place.devicesOf(userId).map((client) => client.rooms.enter(chatroomId, history)));
  }

  private async leave(userId: string): Promise<void> {
    await Promise.all(this.place.devicesOf(userId).map((client) => client.rooms.leave(this.room.chatroomId)));
  }

  private ask(happening: Happening, method: 'PUT' | 'DELETE', path: string) {
    const { chatroomId } = this.room;
    const { device, authorization }: Actor = this.place.server;
    const url = this.random.pick(this.place.world.nodeUrls);
    const request = { method, path: `/v1/chatrooms/${chatroomId}${path}`, authorization };
    return this.asker.byRest(device, `chatroom:${chatroomId}`, happening, url, request);
  }
}
