import type { Address } from '../src/kernel/contracts/address';
import type { SendCommand } from '../src/kernel/contracts/message';
import type { SendInvoke } from './history';
import type { Random } from './random';
import type { LoggedMessage } from './replica';
import { rest } from './rest';
import type { Tenant, World } from './tenants';
import { watchCanaries } from './tenants';
import type { VirtualClient } from './virtual-client';

/** One message on its way, whatever it takes. */
export interface Outgoing {
  to: Address;
  conversationId: string;
  /** `-` for the app itself. */
  sender: string;
  /** The user in whose name an app server sends. */
  from?: string;
  id: string;
  text: string;
  /** Members of a group to whom alone it is directed. */
  recipients?: string[];
  /** How many times it is sent at once, on both nodes. */
  copies: number;
  via: 'socket' | 'rest';
}

type Reply =
  { ok: true; message: LoggedMessage; duplicate: boolean } | { ok: false; code: string; retryAfterMs?: number };

export type SendResult = 'acked' | 'refused' | 'unknown';

export interface SenderOptions {
  world: World;
  tenant: Tenant;
  device: string;
  authorization: string;
  random: Random;
  /** Absent for app servers, which have REST only. */
  client?: VirtualClient;
  /** When false, nothing is repeated any more. */
  goesOn: () => boolean;
}

const BACKOFF_MS = 250;
const BACKOFF_MAX_MS = 2500;

/** Sends as the protocol asks: the same clientMessageId until an acknowledgement or a definite refusal. */
export class Sender {
  private readonly scan: ReturnType<typeof watchCanaries>;

  constructor(private readonly options: SenderOptions) {
    this.scan = watchCanaries(options.world, options.tenant, options.device);
  }

  async send(message: Outgoing): Promise<SendResult> {
    let attempts = 0;
    for (let round = 0; ; round++) {
      const copies = round === 0 ? message.copies : 1;
      const results = await Promise.all(
        Array.from({ length: copies }, (_, copy) => this.attempt(message, ++attempts, this.way(message, copy))),
      );
      if (results.includes('acked')) return 'acked';
      if (!results.some((result) => typeof result === 'number')) return 'refused';
      if (!this.options.goesOn()) return 'unknown';
      const asked = Math.max(...results.filter((result) => typeof result === 'number'));
      const backoff = Math.min(BACKOFF_MS * 2 ** round, BACKOFF_MAX_MS);
      await pause(Math.min(asked, BACKOFF_MAX_MS) + this.options.random.next() * backoff);
    }
  }

  /** One try. Gives how long the server asks to wait when the outcome is not known. */
  async attempt(message: Outgoing, attempt: number, way: string): Promise<'acked' | 'refused' | number> {
    const { world, tenant, device, client } = this.options;
    const { history } = world;
    const { sender, id, text } = message;
    const named = { device, conversation: `${tenant.name}|${message.conversationId}`, sender, id, attempt };
    const have = client?.have(message.conversationId) ?? 0;
    const invoke: SendInvoke = { type: 'send.invoke', at: history.now(), ...named, via: way, text, have };
    history.add(invoke);
    let reply: Reply;
    try {
      reply = await (way === 'socket' && client ? this.bySocket(client, message) : this.byRest(way, message));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      history.add({ type: 'send.info', at: history.now(), ...named, reason });
      return 0;
    }
    const at = history.now();
    if (reply.ok) {
      const { seq, id: messageId } = reply.message;
      history.add({ type: 'send.ok', at, ...named, seq, messageId, duplicate: reply.duplicate });
      if (way === 'socket') client?.take(reply.message, 'ack');
      return 'acked';
    }
    if (reply.retryAfterMs !== undefined) {
      history.add({ type: 'send.info', at, ...named, reason: reply.code });
      return reply.retryAfterMs;
    }
    history.add({ type: 'send.fail', at, ...named, code: reply.code });
    return 'refused';
  }

  /** Copies go past the balancer, to one node and the other in turn. */
  private way({ via }: Outgoing, copy: number): string {
    const { nodeUrls, url } = this.options.world;
    return copy === 0 ? (via === 'socket' ? 'socket' : url) : (nodeUrls[copy % nodeUrls.length] ?? url);
  }

  private async bySocket(client: VirtualClient, message: Outgoing): Promise<Reply> {
    const reply = await client.call('message:send', commandOf(message));
    if (!reply.ok) return { ok: false, code: reply.error.code, retryAfterMs: reply.error.retryAfterMs };
    const { body, ext } = commandOf(message);
    return stored({ ...reply.data, body, ext });
  }

  private async byRest(url: string, message: Outgoing): Promise<Reply> {
    const { authorization } = this.options;
    const body = commandOf(message);
    const answer = await rest(url, { method: 'POST', path: '/v1/messages', authorization, body });
    this.scan(answer.text, 'an answer to POST /v1/messages');
    if (answer.error) return { ok: false, ...answer.error };
    return stored(answer.body as LoggedMessage & { duplicate?: boolean });
  }
}

const commandOf = ({ to, id, text, from, recipients }: Outgoing): SendCommand => ({
  to,
  clientMessageId: id,
  type: 'text',
  body: { text },
  ...(from !== undefined && { from }),
  ...(recipients && { options: { recipients } }),
});

function stored(message: { seq?: number; duplicate?: boolean } & Omit<LoggedMessage, 'seq'>): Reply {
  const { seq, duplicate = false } = message;
  if (seq === undefined) throw new Error('acknowledged without a seq');
  return { ok: true, message: { ...message, seq }, duplicate };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
