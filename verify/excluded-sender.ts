import { GroupAsker } from './group-asker';
import type { Event } from './history';
import type { LoadBalancer } from './load-balancer';
import type { Text } from './pest';
import { Random } from './random';
import type { RestRequest } from './rest';
import { type Outgoing, pause, Sender } from './sender';
import { authorizationOf, logIn, type Login, type Tenant, type World } from './tenants';
import { directMessage, groupMessage, roomMessage } from './texts';
import { happeningOf, type Verdict, verdictsOn } from './verdicts';
import { VirtualClient } from './virtual-client';

const SENDER = 'judged';
const WITNESS = 'witness';
/** What is under repair when this begins has come back by then. */
const PATIENCE_MS = 30_000;
const TRIES_MAX = 40;
const AGAIN_MS = 500;

export interface ExcludedSenderOptions {
  world: World;
  tenant: Tenant;
  /** Through which this sender alone reaches the nodes. */
  balancer: LoadBalancer;
  /** Tells the groups, rooms and messages of one run from those of another. */
  run: string;
}

/** A group or room of its own for each verdict, and what is said there. */
interface Place {
  verdict: Verdict;
  id: string;
  conversationId: string;
  message: Outgoing;
}

/**
 * Sends to places of its own, and the answers are withheld. A witness hears the messages, so they are stored. Then the
 * app's server mutes, removes or bans the sender, or ends the place; a recipient is deleted. The sender loses its
 * connection, the answers with it, and repeats what nobody has answered. I2 says that it is told that they were stored.
 */
export class ExcludedSender {
  private readonly random: Random;
  private readonly asker: GroupAsker;
  private readonly clients: VirtualClient[] = [];
  private readonly missed: string[] = [];

  constructor(private readonly options: ExcludedSenderOptions) {
    const { world, tenant, run } = options;
    this.random = new Random(world.seed, `excluded ${tenant.name} ${run}`);
    this.asker = new GroupAsker(world, tenant);
  }

  /** @returns what did not come about, so that there was nothing to judge */
  async live(untilRepeatedMs: number): Promise<string[]> {
    const { world, tenant, balancer, run } = this.options;
    const { history } = world;
    const recipient = `condemned-${run}`;
    const [[login, client], [, witness]] = await Promise.all([
      this.arrives(SENDER, balancer.url),
      this.arrives(WITNESS, world.url),
      this.arrives(recipient, world.url),
    ]);
    const places = verdictsOn(SENDER).map((verdict) => this.placeOf(verdict));
    await Promise.all(places.map((place) => this.prepare(place, [client, witness])));
    const direct = this.outgoing(directMessage(tenant, SENDER, recipient, `${SENDER} ${run} ${recipient}`));
    const messages = [...places.map(({ message }) => message), direct];
    const sender = this.senderOf(client, login);

    const from = history.events.length;
    const heal = balancer.mute(() => true);
    const sends = await Promise.all(messages.map((message) => this.sendUntilHeard(sender, message, from)));
    for (const { verdict, id } of places)
      if (verdict.place === 'chatroom' && verdict.kind !== 'muted') client.rooms.giveUp(id);
    await Promise.all([...places.map((place) => this.decide(place)), this.delete(recipient)]);
    await pause(untilRepeatedMs);
    const cut = history.events.length;
    balancer.cut(() => true);
    heal();
    await Promise.all(sends.flat());

    await this.until('the sender did not come back', () =>
      this.someEvent(cut, (event) => event.type === 'conn' && event.device === client.device),
    );
    await Promise.all(messages.map((message, index) => this.repeat(sender, message, sends[index]?.length ?? 0)));
    // What is new is refused, or there was nothing to be told in spite of.
    await Promise.all(places.map((place) => this.sayMore(sender, place)));
    await Promise.all(places.map((place) => this.undo(place)));
    return this.missed;
  }

  close(): void {
    for (const client of this.clients) client.close();
  }

  private async arrives(userId: string, url: string): Promise<[Login, VirtualClient]> {
    const { world, tenant, run } = this.options;
    const login = await this.patiently(() => logIn(world.url, tenant, userId));
    const client = new VirtualClient({ world: { ...world, url }, tenant, login, deviceId: `x${run}`, reads: false });
    this.clients.push(client);
    client.connect();
    await this.until(`${userId} could not connect`, () => client.connected);
    return [login, client];
  }

  private placeOf(verdict: Verdict): Place {
    const { run } = this.options;
    const id = `${verdict.name}-${run}`;
    const message = this.outgoing(this.textIn(verdict, id, `${SENDER} ${id}`));
    return { verdict, id, conversationId: message.conversationId, message };
  }

  private textIn({ place }: Verdict, id: string, label: string): Text {
    const text = place === 'group' ? groupMessage : roomMessage;
    return text(this.options.tenant, SENDER, id, label);
  }

  private async prepare({ verdict, id, conversationId }: Place, members: readonly VirtualClient[]): Promise<void> {
    const { history } = this.options.world;
    if (verdict.place === 'group') {
      const body = { groupId: id, name: id, visibility: 'private', owner: WITNESS, members: [SENDER] };
      const founded = { kind: 'created' as const, users: [WITNESS, SENDER] };
      await this.certainly(`${id} was not made`, () =>
        this.asker.byRest(this.server, conversationId, founded, this.node(), this.request('POST', '/v1/groups', body)),
      );
      return;
    }
    const body = { chatroomId: id, name: id };
    await this.certainly(`${id} was not made`, () =>
      this.asker.call(this.server, this.node(), this.request('POST', '/v1/chatrooms', body)),
    );
    const from = history.events.length;
    const joined = (event: Event, device: string): boolean =>
      event.type === 'room.joined' && event.device === device && event.conversation.endsWith(`|${conversationId}`);
    await Promise.all(
      members.map(async ({ device, rooms }) => {
        await rooms.enter(id, 0);
        await this.until(`${device} did not come into ${id}`, () =>
          this.someEvent(from, (event) => joined(event, device)),
        );
      }),
    );
  }

  private async decide({ verdict, id, conversationId }: Place): Promise<void> {
    const { call, place } = verdict;
    const request = this.request(call.method, `/v1/${place}s/${id}${call.path}`);
    await this.certainly(`${id} was not decided`, () =>
      this.asker.byRest(this.server, conversationId, happeningOf(verdict, SENDER), this.node(), request),
    );
  }

  private async delete(userId: string): Promise<void> {
    const request = this.request('DELETE', `/v1/users/${userId}`);
    await this.certainly(`${userId} was not deleted`, () => this.asker.call(this.server, this.node(), request));
  }

  private async undo({ verdict, id, conversationId }: Place): Promise<void> {
    const { undo, call, place } = verdict;
    if (!undo) return;
    const request = this.request('DELETE', `/v1/${place}s/${id}${call.path}`);
    await this.certainly(`${id} was not undone`, () =>
      this.asker.byRest(this.server, conversationId, { kind: undo, users: [SENDER] }, this.node(), request),
    );
  }

  /** Again while nobody has heard it: the nodes may have been too busy. @returns what becomes of each try */
  private async sendUntilHeard(sender: Sender, message: Outgoing, from: number): Promise<Promise<unknown>[]> {
    let over = false;
    const heard = this.until(`nobody heard what was said in ${message.conversationId}`, () =>
      this.someEvent(from, (event) => event.type === 'recv' && event.id === message.id),
    ).then(() => (over = true));
    const sends: Promise<unknown>[] = [];
    while (!over) {
      const send = sender.attempt(message, sends.length + 1, 'socket');
      sends.push(send);
      await Promise.race([send.then(() => pause(AGAIN_MS)), heard]);
    }
    return sends;
  }

  /** Through every door, until each has answered. */
  private async repeat(sender: Sender, message: Outgoing, before: number): Promise<void> {
    let attempt = before;
    for (const way of ['socket', ...this.options.world.nodeUrls]) {
      await this.certainly(`a repeat in ${message.conversationId} got no answer`, async () => {
        const result = await sender.attempt(message, ++attempt, way);
        return { outcome: typeof result === 'number' ? 'info' : 'ok' };
      });
    }
  }

  private async sayMore(sender: Sender, { verdict, id }: Place): Promise<void> {
    const more = this.outgoing(this.textIn(verdict, id, `${SENDER} ${id} more`));
    await sender.attempt(more, 1, this.node());
  }

  /** Asks until the outcome is known. A refusal after a try of unknown outcome means that this one had done it. */
  private async certainly(
    otherwise: string,
    ask: () => Promise<{ outcome: 'ok' | 'fail' | 'info'; code?: string }>,
  ): Promise<void> {
    for (let tries = 1; ; tries++) {
      const { outcome, code } = await ask().catch(() => ({ outcome: 'info' as const, code: undefined }));
      if (outcome === 'ok' || (outcome === 'fail' && tries > 1)) return;
      if (outcome === 'fail' || tries === TRIES_MAX)
        return void this.missed.push(`${otherwise} (${code ?? 'unknown'})`);
      await pause(AGAIN_MS);
    }
  }

  private async patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await ask();
      } catch (error) {
        if (tries === TRIES_MAX) throw error;
        await pause(AGAIN_MS);
      }
    }
  }

  private async until(otherwise: string, there: () => boolean): Promise<void> {
    for (const end = performance.now() + PATIENCE_MS; !there(); await pause(20))
      if (performance.now() > end) return void this.missed.push(otherwise);
  }

  private someEvent(from: number, fits: (event: Event) => boolean): boolean {
    const { events } = this.options.world.history;
    for (let index = from; index < events.length; index++) {
      const event = events[index];
      if (event && event.device.startsWith(`${this.options.tenant.name}/`) && fits(event)) return true;
    }
    return false;
  }

  private senderOf(client: VirtualClient, login: Login): Sender {
    const { world, tenant } = this.options;
    const { device } = client;
    const authorization = authorizationOf(login);
    return new Sender({ world, tenant, device, authorization, random: this.random, client, goesOn: () => false });
  }

  private outgoing = (text: Text): Outgoing => ({ ...text, via: 'socket', copies: 1 });

  private request(method: RestRequest['method'], path: string, body?: unknown): RestRequest {
    const { server: authorization } = this.options.tenant;
    return { method, path, authorization, ...(body !== undefined && { body }) };
  }

  private get server(): string {
    return `${this.options.tenant.name}/-/server`;
  }

  private node = (): string => this.random.pick(this.options.world.nodeUrls);
}
