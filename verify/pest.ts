import { type Outgoing, pause, type Sender } from './sender';

export type Text = Omit<Outgoing, 'via' | 'copies'>;

/** Sends through every door at once, message after message, and takes no refusal for an end. Gives what stops it. */
export function pester(
  sender: Sender,
  nodeUrls: readonly string[],
  pauseMs: number,
  write: (label: string) => Text,
): () => Promise<void> {
  let over = false;
  const sending = ['socket', ...nodeUrls].map(async (way, door) => {
    for (let count = 0; !over; count++) {
      await sender.attempt({ ...write(`${door}.${count}`), copies: 1, via: 'rest' }, 1, way);
      await pause(pauseMs);
    }
  });
  return async () => {
    over = true;
    await Promise.all(sending);
  };
}
