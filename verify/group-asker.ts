import type { Ack } from '../src/kernel/contracts/socket-events';
import type { Change, Happening } from './history';
import { rest, type RestRequest } from './rest';
import { type Tenant, watchCanaries, type World } from './tenants';

/** What a call came to: `info` when nobody knows. */
export interface Answer<T = unknown> {
  outcome: Change['outcome'];
  data?: T;
  code?: string;
}

/** Asks for changes of groups and rooms, one call each and never twice, and writes down what became of them. */
export class GroupAsker {
  constructor(
    private readonly world: World,
    private readonly tenant: Tenant,
  ) {}

  /** @param happening what a group's log must tell when it is done */
  async bySocket<T>(
    device: string,
    conversationId: string,
    happening: Happening,
    call: () => Promise<Ack<T>>,
  ): Promise<Answer<T>> {
    return this.recorded(device, conversationId, happening, async () => {
      const reply = await call();
      if (reply.ok) return { outcome: 'ok', data: reply.data };
      const { code, retryAfterMs } = reply.error;
      return { outcome: retryAfterMs === undefined ? 'fail' : 'info', code };
    });
  }

  async byRest<T>(
    device: string,
    conversationId: string,
    happening: Happening,
    url: string,
    request: RestRequest,
  ): Promise<Answer<T>> {
    return this.recorded(device, conversationId, happening, () => this.call<T>(device, url, request));
  }

  /** A call that changes nothing that a log would tell. */
  async call<T>(device: string, url: string, request: RestRequest): Promise<Answer<T>> {
    const answer = await rest(url, request);
    watchCanaries(this.world, this.tenant, device)(answer.text, `an answer to ${request.method} ${request.path}`);
    if (answer.status < 300) return { outcome: 'ok', data: answer.body as T };
    const { code = String(answer.status), retryAfterMs } = answer.error ?? {};
    return { outcome: retryAfterMs === undefined && answer.status < 500 ? 'fail' : 'info', code };
  }

  private async recorded<T>(
    device: string,
    conversationId: string,
    happening: Happening,
    ask: () => Promise<Answer<T>>,
  ): Promise<Answer<T>> {
    const { history } = this.world;
    const began = history.now();
    const answer = await ask().catch((error: unknown): Answer<T> => ({ outcome: 'info', code: String(error) }));
    const { outcome, code } = answer;
    history.add({
      ...{ type: 'change', at: history.now(), began, device, conversation: `${this.tenant.name}|${conversationId}` },
      ...{ outcome, ...(code !== undefined && { code }), ...happening },
    });
    return answer;
  }
}
