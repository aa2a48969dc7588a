import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomId } from '../../../kernel/ids';
import { Bus } from '../../../platform/realtime/bus';

/** What is asked of other nodes and answered with `chatroom:done`. Never waited for without an end: nodes may die. */
@Injectable()
export class NodeQuestions implements OnModuleInit {
  private readonly asked = new Map<string, { nodes: Set<string>; done: () => void }>();

  constructor(private readonly bus: Bus) {}

  onModuleInit(): void {
    this.bus.on('chatroom:done', ({ ask }, from) => {
      const asked = this.asked.get(ask);
      if (asked?.nodes.delete(from) && asked.nodes.size === 0) asked.done();
    });
  }

  /** Resolves when all of these nodes have answered, or when the time is over. `send` says the question under this id. */
  ask(nodes: readonly string[], timeoutMs: number, send: (ask: string) => void): Promise<void> {
    const id = randomId(16);
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.asked.delete(id);
        resolve();
      };
      const timer = setTimeout(finish, timeoutMs);
      this.asked.set(id, { nodes: new Set(nodes), done: finish });
      send(id);
    });
  }

  /** Behind whatever was said before it to the same node. */
  answer(from: string, ask: string): void {
    this.bus.toNodes([from], 'chatroom:done', { ask });
  }
}
