import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { ThreadAnswer } from './thread-pool';

const NICE = 10;

/** The main loop of a thread's program. What `work` throws is answered as `errorOf` makes it, for it is cloned on its way. */
export function answerTasks<Input>(work: (input: Input) => unknown, errorOf: (error: unknown) => unknown): void {
  const port = parentPort;
  if (!port) throw new Error('this file is the program of a thread');
  beNice();
  port.on('message', (input: Input) => {
    let answer: ThreadAnswer;
    try {
      answer = { value: work(input) };
    } catch (error) {
      answer = { error: errorOf(error) };
    }
    port.postMessage(answer);
  });
}

/** The event loop comes first. Only Linux has a priority for each thread; elsewhere it is the whole process's. */
function beNice(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(NICE);
  } catch {
    // Not allowed here: then the threads share the processor as equals.
  }
}
