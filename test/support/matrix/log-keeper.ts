import { Writable } from 'node:stream';
import type { LoggerService } from '@nestjs/common';
import { pino } from 'pino';
import { JsonLog, logOptions } from '../../../src/platform/observability/logging';

/** The product's own log, at its most talkative, kept instead of printed. */
export function aLogKeeper(): { logger: LoggerService; lines: string[] } {
  const lines: string[] = [];
  const kept = new Writable({
    write(chunk: Buffer, _, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return { logger: new JsonLog(pino(logOptions({ logLevel: 'trace' }), kept)), lines };
}
