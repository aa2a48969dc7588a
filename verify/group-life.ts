import { GroupAsker } from './group-asker';
import { type Actor, foundersOf, type GroupOptions, type GroupWorld } from './group-world';
import { pester } from './pest';
import { Random } from './random';
import { pause } from './sender';
import { groupMessage } from './texts';

/** How full a group is kept, so that most who write to it are in, and some are not. */
const FULL = 0.7;
/** How often who is removed or muted is in the middle of sending, through every door. */
const ORDEAL_SHARE = 0.3;
const PEST_PAUSE_MS = 30;
const PEST_AFTER_MS = 400;

/** What happens in one group besides messages: people come and go, are muted, promoted, sent away. */
export class GroupLife {
  readonly groupId: string;
  private readonly random: Random;
  private readonly asker: GroupAsker;
  /** As the answers so far have it; faults make it wrong at times, which only makes for other refusals. */
  private readonly inside: Set<string>;
  private readonly banned = new Set<string>();
  private readonly muted = new Set<string>();
  private owner: string;
  private allMuted = false;
  private ordeals = 0;

  constructor(
    private readonly place: GroupWorld,
    options: GroupOptions,
  ) {
    const { world, tenant } = place;
    this.groupId = options.groupId;
    this.random = new Random(world.seed, `group ${tenant.name} ${this.groupId}`);
    this.asker = new GroupAsker(world, tenant);
    this.inside = new Set(tenant.users);
    this.owner = tenant.users[0] ?? '';
  }

  async live(active: () => boolean, meanPause: number): Promise<void> {
    while (active()) {
      await pause(this.random.exponential(meanPause));
      if (active()) await this.change();
    }
  }

  /** The founding, as the app's server asked for it. */
  founded(): void {
    const { world, tenant, server } = this.place;
    const conversation = `${tenant.name}|group:${this.groupId}`;
    const at = world.history.now();
    const happening = { kind: 'created' as const, users: foundersOf(tenant, this.groupId), outcome: 'ok' as const };
    world.history.add({ type: 'change', began: 0, at, device: server.device, conversation, ...happening });
  }

  private async change(): Promise<void> {
    const { users } = this.place.tenant;
    const dice = this.random.next();
    const outside = users.filter((user) => !this.inside.has(user));
    const others = [...this.inside].filter((user) => user !== this.owner);
    const [banned] = this.banned;
    const [muted] = this.muted;
    if (this.allMuted) return this.muteAll(false);
    if (banned !== undefined && dice < 0.5) return this.ban(banned, false);
    if (muted !== undefined && dice < 0.5) return this.mute(muted, false);
    if (outside.length > 0 && (this.inside.size < users.length * FULL || dice < 0.3))
      return this.enter(this.random.pick(outside));
    if (others.length === 0) return;
    const user = this.random.pick(others);
    if (dice < 0.5) return this.leave(user);
    if (dice < 0.65) return this.amidst(user, () => this.remove(user));
    if (dice < 0.72) return this.amidst(user, () => this.ban(user, true));
    if (dice < 0.82) return this.amidst(user, () => this.mute(user, true));
    if (dice < 0.85) return this.amidst(user, () => this.muteAll(true));
    if (dice < 0.94) return this.promote(user, dice < 0.9);
    return this.transfer(user);
  }

  /** Does that to somebody who is sending, at times, and does not give up. */
  private async amidst(userId: string, strike: () => Promise<void>): Promise<void> {
    if (!this.random.chance(ORDEAL_SHARE)) return strike();
    const { world, tenant } = this.place;
    const label = `${this.groupId} ${userId} pest ${++this.ordeals}`;
    const stop = pester(this.place.senderOf(userId, this.random), world.nodeUrls, PEST_PAUSE_MS, (count) =>
      groupMessage(tenant, userId, this.groupId, `${label} ${count}`),
    );
    await pause(this.random.between(50, 250));
    await strike();
    await pause(PEST_AFTER_MS);
    await stop();
  }

  private async enter(userId: string): Promise<void> {
    const happening = { kind: 'joined' as const, users: [userId] };
    if (this.random.chance(0.3)) {
      const path = '/members';
      const { data } = await this.rest<{ items: { ok: boolean }[] }>(this.place.server, happening, 'POST', path, {
        userIds: [userId],
      });
      if (data?.items.every(({ ok }) => ok)) this.inside.add(userId);
      return;
    }
    const { client, device } = this.actorOf(userId);
    if (!client) return;
    const { groupId } = this;
    const { data } = await this.asker.bySocket(device, this.conversationId, happening, () =>
      client.call('group:join', { groupId }),
    );
    if (data?.status === 'joined') this.inside.add(userId);
    if (data?.requestId !== undefined) await this.approve(userId, data.requestId);
  }

  /** Two who agree at once let somebody in once. */
  private async approve(userId: string, requestId: string): Promise<void> {
    const happening = { kind: 'joined' as const, users: [userId] };
    const path = `/join-requests/${requestId}/approve`;
    const asking = [this.place.server, this.actorOf(this.owner)].slice(0, this.random.between(1, 2));
    const answers = await Promise.all(asking.map((actor) => this.rest(actor, happening, 'POST', path)));
    if (answers.some(({ outcome }) => outcome === 'ok')) this.inside.add(userId);
  }

  private async leave(userId: string): Promise<void> {
    const happening = { kind: 'left' as const, users: [userId] };
    const actor = this.actorOf(userId);
    const { client, device } = actor;
    const { groupId } = this;
    const { outcome } =
      client && this.random.chance(0.5)
        ? await this.asker.bySocket(device, this.conversationId, happening, () =>
            client.call('group:leave', { groupId }),
          )
        : await this.rest(actor, happening, 'DELETE', `/members/${userId}`);
    if (outcome !== 'fail') this.inside.delete(userId);
    await this.peek(userId);
  }

  private async remove(userId: string): Promise<void> {
    const { outcome } = await this.rest(
      this.manager(),
      { kind: 'removed', users: [userId] },
      'DELETE',
      `/members/${userId}`,
    );
    if (outcome !== 'fail') this.inside.delete(userId);
    await this.peek(userId);
  }

  private async ban(userId: string, banned: boolean): Promise<void> {
    const actor = this.manager();
    const path = `/bans/${userId}`;
    if (!banned) {
      // No log tells it; until it is answered for certain the user counts as shut out.
      const { outcome } = await this.silent(actor, 'DELETE', path);
      if (outcome === 'ok') this.banned.delete(userId);
      return;
    }
    const { outcome } = await this.rest(actor, { kind: 'removed', users: [userId], banned: true }, 'PUT', path);
    if (outcome === 'fail') return;
    this.banned.add(userId);
    this.inside.delete(userId);
    await this.peek(userId);
  }

  private async mute(userId: string, muted: boolean): Promise<void> {
    const kind = muted ? ('muted' as const) : ('unmuted' as const);
    const { outcome } = await this.rest(
      this.manager(),
      { kind, users: [userId] },
      muted ? 'PUT' : 'DELETE',
      `/mutes/${userId}`,
    );
    if (outcome === 'fail') return;
    if (muted) this.muted.add(userId);
    else if (outcome === 'ok') this.muted.delete(userId);
  }

  private async muteAll(muted: boolean): Promise<void> {
    const kind = muted ? ('muted' as const) : ('unmuted' as const);
    const { outcome } = await this.rest(
      this.manager(),
      { kind, users: [], all: true },
      muted ? 'PUT' : 'DELETE',
      '/mute-all',
    );
    if (outcome === 'ok') this.allMuted = muted;
    else if (outcome === 'info') this.allMuted = true;
  }

  private async promote(userId: string, admin: boolean): Promise<void> {
    await this.rest(
      this.manager(),
      { kind: 'admin-changed', users: [userId], admin },
      admin ? 'PUT' : 'DELETE',
      `/admins/${userId}`,
    );
  }

  private async transfer(userId: string): Promise<void> {
    const { outcome } = await this.rest(
      this.place.server,
      { kind: 'owner-changed', users: [userId] },
      'PUT',
      '/owner',
      {
        userId,
      },
    );
    if (outcome === 'ok') this.owner = userId;
  }

  /** Who went tries to read on. */
  private async peek(userId: string): Promise<void> {
    // Without a connection there is no answer, and nothing to be seen.
    await this.actorOf(userId)
      .client?.peek(`group:${this.groupId}`)
      .catch(() => undefined);
  }

  private actorOf = (userId: string): Actor => this.place.actorOf(userId, this.random);

  private manager(): Actor {
    return this.random.chance(0.5) ? this.place.server : this.actorOf(this.owner);
  }

  private rest<T>(
    actor: Actor,
    happening: Parameters<GroupAsker['byRest']>[2],
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
  ) {
    const { device } = actor;
    return this.asker.byRest<T>(
      device,
      this.conversationId,
      happening,
      this.node(),
      this.request(actor, method, path, body),
    );
  }

  private async silent(actor: Actor, method: 'DELETE', path: string) {
    const { device } = actor;
    return this.asker
      .call(device, this.node(), this.request(actor, method, path))
      .catch(() => ({ outcome: 'info' as const }));
  }

  private request({ authorization }: Actor, method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) {
    return { method, path: `/v1/groups/${this.groupId}${path}`, authorization, ...(body !== undefined && { body }) };
  }

  private get conversationId(): string {
    return `group:${this.groupId}`;
  }

  private node = (): string => this.random.pick(this.place.world.nodeUrls);
}
