import { Injectable, type OnModuleInit } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomId } from '../../kernel/ids';
import { Settings } from '../config/settings';
import { Bus } from './bus';

/** For what a timer is early, and a clock coarse. */
const MARGIN_MS = 50;

interface Question {
  /** Nodes that have answered. */
  readonly by: Set<string>;
  answered: () => void;
}

/**
 * How long proofs of credentials may be used from memory, so that what the answer to a revocation promised holds on every
 * node (docs/adr/0024). A node uses a proof for `proofLeaseMs` at most after it began to read it, and only while it knows
 * that it hears the others. Whoever revokes waits until the nodes that it hears have said that they forgot; and where one
 * does not, until its lease has ended.
 */
@Injectable()
export class ProofLease implements OnModuleInit {
  private readonly questions = new Map<string, Question>();
  private readonly leaseMs: number;

  constructor(
    private readonly bus: Bus,
    { realtime }: Settings,
  ) {
    this.leaseMs = realtime.proofLeaseMs;
  }

  onModuleInit(): void {
    this.bus.on('forgotten', ({ ask }, from) => {
      const question = this.questions.get(ask);
      question?.by.add(from);
      question?.answered();
    });
  }

  /** Whether what was read from the database, begun at this moment of `performance.now()`, may be used without asking again. */
  counts(readAt: number): boolean {
    const { provenAt, since } = this.bus.echoes;
    const now = performance.now();
    return now - readAt < this.leaseMs && now - provenAt < this.leaseMs && readAt >= since;
  }

  /** Asks all nodes, by a frame of the caller's with this id; resolves once nobody uses what the frame made void. */
  async revoked(ask: (id: string) => void): Promise<void> {
    const id = randomId(16);
    const question: Question = { by: new Set(), answered: () => undefined };
    this.questions.set(id, question);
    try {
      ask(id);
      const over = new AbortController();
      const leaseEnds = sleep(this.leaseMs + MARGIN_MS, undefined, { signal: over.signal }).catch(() => undefined);
      await Promise.race([leaseEnds, this.answers(question)]);
      over.abort();
    } finally {
      this.questions.delete(id);
    }
  }

  /** Those who were there before the question are known when it has come back from Redis; the others hear nothing old. */
  private async answers(question: Question): Promise<void> {
    await this.bus.echo();
    await new Promise<void>((resolve) => {
      question.answered = () => {
        if (this.bus.peers.every((peer) => question.by.has(peer))) resolve();
      };
      question.answered();
    });
  }
}
