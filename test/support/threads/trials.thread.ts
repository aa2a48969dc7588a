import { answerTasks } from '../../../src/platform/threads/answer-tasks';

/** What a thread may meet: an end, an error, no end, too much. */
export type Trial = 'answer' | 'refuse' | 'spin' | 'hoard' | 'end' | number;

answerTasks<Trial>(
  (trial) => {
    if (trial === 'refuse') throw new Error('not this one');
    if (trial === 'spin') for (;;);
    if (trial === 'end') process.exit(1);
    const hoard: unknown[] = [];
    while (trial === 'hoard') hoard.push(new Array(1000).fill(hoard.length));
    if (typeof trial === 'number') for (const until = Date.now() + trial; Date.now() < until;);
    return `did ${trial}`;
  },
  (error) => (error as Error).message,
);
