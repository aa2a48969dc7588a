import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomId } from '../../../kernel/ids';
import { Bus } from '../../../platform/realtime/bus';

/** Requests to other nodes over the bus, answered with `chatroom:done`. All of them time out, because nodes may die. */
@Injectable()
export class NodeRequests implements OnModuleInit {
  private readonly pending = new Map<string, { nodes: Set<string>; resolve: () => void }>();

  constructor(private readonly bus: Bus) {}

  onModuleInit(): void {
    this.bus.on('chatroom:done', ({ ask }, from) => {
      const pending = this.pending.get(ask);
      if (pending?.nodes.delete(from) && pending.nodes.size === 0) pending.resolve();
    });
  }

  /** Calls `publish` with the id of the request. Resolves when all of these nodes have answered, or after the timeout. */
  send(nodes: readonly string[], timeoutMs: number, publish: (ask: string) => void): Promise<void> {
    const id = randomId(16);
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.pending.delete(id);
        resolve();
      };
      const timer = setTimeout(finish, timeoutMs);
      this.pending.set(id, { nodes: new Set(nodes), resolve: finish });
      publish(id);
    });
  }

  /** The bus keeps order, so the answer arrives after all earlier frames to that node. */
  answer(from: string, ask: string): void {
    this.bus.toNodes([from], 'chatroom:done', { ask });
  }
}
