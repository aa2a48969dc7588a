import { setTimeout as sleep } from 'node:timers/promises';
import { io } from 'socket.io-client';
import type { Ack } from '../../src/kernel/contracts/socket-events';
import type { SendCommand, SentMessage } from '../../src/kernel/contracts/message';
import { http, type Door } from './http';

const ATTEMPT_MS = 2000;
const PAUSE_MS = 50;

/** What became of an attempt: stored, not known (repeat it), or refused for good. */
type Outcome = { stored: SentMessage } | { unknown: string };

/**
 * A plain client that does what the contract asks of one: the same id again until there is a definite answer. Speaks
 * through whichever door it is told to.
 */
export class StubbornSender {
  readonly acknowledged: SentMessage[] = [];
  /** Attempts whose outcome was unknown, and why. */
  readonly unknown: string[] = [];

  constructor(
    private readonly door: Door,
    private readonly token: string,
    private readonly by: 'socket' | 'rest',
  ) {}

  /** Sends one after another, and each until it is stored. `goesOn` false: ends after the one under way. */
  async send(commands: Iterable<SendCommand>, goesOn: () => boolean = () => true): Promise<void> {
    const attempt = this.by === 'rest' ? this.restAttempt() : this.socketAttempt();
    for (const command of commands) {
      if (!goesOn()) break;
      for (;;) {
        const outcome = await attempt.once(command);
        if ('stored' in outcome) {
          this.acknowledged.push(outcome.stored);
          break;
        }
        this.unknown.push(outcome.unknown);
        await sleep(PAUSE_MS);
      }
    }
    attempt.close();
  }

  private restAttempt() {
    const api = http(this.door.url).as({ bearer: this.token });
    const once = async (command: SendCommand): Promise<Outcome> => {
      try {
        const { status, body } = await api.post<SentMessage & { error?: { code: string; retryAfterMs?: number } }>(
          '/v1/messages',
          command,
        );
        if (status < 300) return { stored: body };
        return this.orThrow(body.error ?? { code: String(status) });
      } catch (error) {
        if (error instanceof RefusedForGood) throw error;
        return { unknown: 'no answer' };
      }
    };
    return { once, close: () => undefined };
  }

  private socketAttempt() {
    const socket = io(this.door.url, {
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
      auth: { token: this.token, device: { id: 'stubborn', platform: 'test' } },
    });
    const once = async (command: SendCommand): Promise<Outcome> => {
      // What Socket.IO would keep and send later would only double what is repeated here.
      if (!socket.connected) return { unknown: 'not connected' };
      try {
        const ack = (await socket.timeout(ATTEMPT_MS).emitWithAck('message:send', command)) as Ack<SentMessage>;
        // An acknowledgement does not say again what was sent.
        return ack.ok ? { stored: { ...ack.data, body: command.body } } : this.orThrow(ack.error);
      } catch (error) {
        if (error instanceof RefusedForGood) throw error;
        return { unknown: 'no acknowledgement' };
      }
    };
    return { once, close: () => socket.disconnect() };
  }

  private orThrow(error: { code: string; retryAfterMs?: number }): Outcome {
    if (error.retryAfterMs === undefined) throw new RefusedForGood(JSON.stringify(error));
    return { unknown: error.code };
  }
}

class RefusedForGood extends Error {}
