import { Injectable, Logger } from '@nestjs/common';

const PATIENCE_MS = 15_000;

/**
 * What must come to rest before the process may end, in the order of `STAGES`. Modules register; main.ts runs it once,
 * before Nest takes the modules apart and the pools close.
 */
@Injectable()
export class Drainables {
  private readonly logger = new Logger('shutdown');
  private readonly works: { name: string; stage: number; rest: () => Promise<void> }[] = [];
  private running: Promise<void> | undefined;
  /** True from the first signal: readiness is off, nobody new is let in. */
  draining = false;

  /** `rest` resolves when nothing of this part is under way. */
  register(stage: Stage, rest: () => Promise<void>): void {
    this.works.push({ name: stage, stage: STAGES.indexOf(stage), rest });
  }

  drain(): Promise<void> {
    this.draining = true;
    this.running ??= this.run();
    return this.running;
  }

  private async run(): Promise<void> {
    for (const [stage, name] of STAGES.entries()) {
      const works = this.works.filter((work) => work.stage === stage).map(({ rest }) => rest());
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          this.logger.warn(`stopping: ${name} is still busy after ${PATIENCE_MS} ms; stopping goes on without it`);
          resolve();
        }, PATIENCE_MS);
      });
      const results = await Promise.race([Promise.allSettled(works), late]);
      clearTimeout(timer);
      for (const result of results ?? []) {
        if (result.status === 'rejected') this.logger.warn(`stopping: ${name} failed: ${String(result.reason)}`);
      }
    }
  }
}

/** Sockets first, so that nothing new comes in; then what they began; then the background. */
export const STAGES = ['realtime', 'commits', 'workers'] as const;
export type Stage = (typeof STAGES)[number];
