import { randomUUID } from 'node:crypto';
import { Agent, get } from 'node:http';
import { must } from '../../verify/rest';
import { connect, type Device } from '../support/socket';
import { figuresOf, type Figures } from './percentiles';
import { sleep } from './tools';
import type { App } from './world';

const SEND_EVERY_MS = 40;
const HEALTH_EVERY_MS = 40;
const DELIVERY_MS = 10_000;

export interface Felt {
  send: Figures;
  health: Figures;
  /** What went wrong for somebody who did nothing wrong. */
  troubles: string[];
}

/** Two users who talk all the time, and a monitor that asks for /health/live; none of them did anybody harm. */
export class HonestCallers {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  private constructor(
    private readonly url: string,
    private readonly ann: Device,
    private readonly ben: Device,
  ) {}

  static async connect(url: string, { appId, appToken }: App): Promise<HonestCallers> {
    const device = async (userId: string) => {
      const body = { appId, appToken, userId };
      const { token } = await must<{ token: string }>(url, { method: 'POST', path: '/v1/sessions', body });
      return connect(url, token);
    };
    return new HonestCallers(url, await device('honest-ann'), await device('honest-ben'));
  }

  /** Talks until the promise settles. */
  async measure(until: Promise<unknown>): Promise<Felt> {
    let over = false;
    void until.finally(() => (over = true)).catch(() => undefined);
    const ended = () => over;
    const troubles = new Set<string>();
    const [send, health] = await Promise.all([this.talk(ended, troubles), this.monitor(ended, troubles)]);
    return { send: figuresOf(send), health: figuresOf(health), troubles: [...troubles] };
  }

  get gone(): boolean {
    return this.ann.closed !== undefined || this.ben.closed !== undefined;
  }

  close(): void {
    this.ann.close();
    this.ben.close();
    this.agent.destroy();
  }

  private async talk(over: () => boolean, troubles: Set<string>): Promise<number[]> {
    const took: number[] = [];
    const stored = new Set<string>();
    this.ben.heard.length = 0;
    const pending: Promise<void>[] = [];
    while (!over()) {
      // At a steady pace, whatever the last one took: a slow server must not be asked less.
      pending.push(this.send(took, stored, troubles));
      await sleep(SEND_EVERY_MS);
      if (this.gone) {
        troubles.add(`an honest socket was closed (${this.ann.closed ?? this.ben.closed})`);
        break;
      }
    }
    await Promise.all(pending);
    if (!this.gone && !(await this.allHeard(stored))) troubles.add('a stored message never came live');
    return took;
  }

  private async send(took: number[], stored: Set<string>, troubles: Set<string>): Promise<void> {
    const clientMessageId = randomUUID();
    const started = performance.now();
    try {
      const ack = await this.ann.ask('message:send', {
        to: { kind: 'user', id: 'honest-ben' },
        clientMessageId,
        type: 'text',
        body: { text: 'How are you?' },
      });
      if (ack.ok) stored.add(clientMessageId);
      else troubles.add(`an honest send was refused: ${ack.error.code}`);
    } catch {
      troubles.add('an honest send was not answered');
    }
    took.push(performance.now() - started);
  }

  private async allHeard(stored: ReadonlySet<string>): Promise<boolean> {
    for (const end = performance.now() + DELIVERY_MS; performance.now() < end; await sleep(25)) {
      const heard = new Set(this.ben.all('message:new').map(({ clientMessageId }) => clientMessageId));
      if ([...stored].every((id) => heard.has(id))) return true;
    }
    return false;
  }

  private async monitor(over: () => boolean, troubles: Set<string>): Promise<number[]> {
    const took: number[] = [];
    while (!over()) {
      const started = performance.now();
      const status = await this.live();
      took.push(performance.now() - started);
      if (status !== 200) troubles.add(`/health/live answered ${status || 'nothing'}`);
      await sleep(HEALTH_EVERY_MS);
    }
    return took;
  }

  private live(): Promise<number> {
    return new Promise((resolve) => {
      const asked = get(`${this.url}/health/live`, { agent: this.agent, timeout: 10_000 }, (answer) => {
        answer.resume();
        answer.on('close', () => resolve(answer.statusCode ?? 0));
      });
      asked.on('timeout', () => asked.destroy());
      asked.on('error', () => resolve(0));
    });
  }
}
