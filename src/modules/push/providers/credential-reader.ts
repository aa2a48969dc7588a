import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { extname, join } from 'node:path';
import { AppError, invalid } from '../../../kernel/errors/app-error';
import { ThreadEndedError, ThreadPool } from '../../../platform/threads/thread-pool';
import type { ReadingTask, Refusal } from './credential-reader.thread';
import type { Inspected } from './vendor';

const TIMEOUT_MS = 5000;

/** Reads uploads with keys in them on a thread of its own, for a key file can ask for any amount of work. */
@Injectable()
export class CredentialReader implements OnApplicationShutdown {
  private readonly pool = new ThreadPool({
    file: join(__dirname, `credential-reader.thread${extname(__filename)}`),
    threads: 1,
    perKeyMax: 4,
    waitingMax: 100,
    timeoutMs: TIMEOUT_MS,
    heapMb: 64,
  });

  /** @throws AppError INVALID_REQUEST naming the field that is wrong; BUSY when too many wait already */
  async inspect(appPk: number, task: ReadingTask): Promise<Inspected> {
    const answer = await this.pool.run(String(appPk), task).catch((error: unknown) => {
      if (error instanceof ThreadEndedError && error.reason !== 'died') throw tooCostly(task, error);
      throw error;
    });
    if ('value' in answer) return answer.value as Inspected;
    const { code, extras, message } = answer.error as Refusal & { message?: string };
    throw code === undefined ? new Error(message) : new AppError(code, extras);
  }

  onApplicationShutdown(): Promise<void> {
    return this.pool.close();
  }
}

function tooCostly(task: ReadingTask, { reason }: ThreadEndedError): AppError {
  const cost = reason === 'timeout' ? `longer than ${TIMEOUT_MS / 1000} seconds` : 'too much memory';
  const apns = task.provider === 'apns' && (task.upload.kind === 'token' ? 'key' : 'certificate');
  return invalid(apns || 'serviceAccount.private_key', `Reading this takes ${cost}. Export it again.`);
}
