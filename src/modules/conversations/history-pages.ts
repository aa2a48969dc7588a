import { Injectable } from '@nestjs/common';
import type { LogPage, WireMessage } from '../../kernel/contracts/message';
import { invalid } from '../../kernel/errors/app-error';
import { type Answer, JsonText } from '../../kernel/json-text';
import { readCursor, writeCursor } from '../../platform/entry/cursor';
import { limitOf } from '../../platform/entry/page-query';
import { Pages } from '../../platform/entry/pages';
import type { ConversationRef } from './audience';
import type { HistoryQuery } from './dto/history.dto';
import { ConversationHistory, type PageBounds, type Window } from './history';
import { encodeMessage, type StoredMessage } from './log/message';

/** A conversation and what of it the reader may see. */
export interface Readable {
  readonly conversation: ConversationRef;
  readonly window: Window;
}

type Bounds = Pick<PageBounds, 'after' | 'before'>;

/** Bounds exclude each other. @throws AppError INVALID_REQUEST naming the second of two */
export function assertOneBound<Name extends string>(query: { [name in Name]?: unknown }, names: readonly Name[]): void {
  const given = names.filter((name) => query[name] !== undefined);
  if (given.length < 2) return;
  const all = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  throw invalid(given[1] ?? '', `Give one of ${all}, not ${given.join(' and ')}.`);
}

/** Pages of a log as clients turn them; an empty one is the end. */
@Injectable()
export class HistoryPages {
  constructor(
    private readonly history: ConversationHistory,
    private readonly lists: Pages,
  ) {}

  /** `nextCursor` goes on in the same direction. */
  async page(
    { conversation, window }: Readable,
    query: HistoryQuery,
    seen: (message: StoredMessage) => StoredMessage = (message) => message,
  ): Promise<Answer<LogPage>> {
    const limit = limitOf(query);
    const bounds = boundsOf(query);
    const { maxBytes } = this.lists;
    const reading = { ...bounds, limit: limit + 1 };
    const { messages, cut } = await this.history.pageWithin(conversation, window, reading, maxBytes);
    const shown = this.lists.budget().fill(messages.slice(0, limit).map(seen), bytesOf);
    const last = shown[shown.length - 1];
    const direction = bounds.after === undefined ? 'before' : 'after';
    return {
      items: shown.map((message) => new JsonText<WireMessage>(encodeMessage(message))),
      ...(last && { covers: coveredBy(bounds, shown[0], last) }),
      ...((cut || messages.length > shown.length) && last && { nextCursor: writeCursor(direction, last.seq) }),
    };
  }
}

const bytesOf = (message: StoredMessage): number => Buffer.byteLength(encodeMessage(message)) + 1;

/** What lies between the bound asked for and the first message is nothing that this reader may see. */
const coveredBy = ({ after }: Bounds, first: StoredMessage, last: StoredMessage): LogPage['covers'] =>
  after === undefined ? { from: last.seq, to: first.seq } : { from: after + 1, to: last.seq };

function boundsOf({ after, before, cursor }: HistoryQuery): Bounds {
  const read = readCursor(cursor, 'string', 'number');
  if (!read) return { after, before };
  return read[0] === 'after' ? { after: read[1] } : { before: read[1] };
}
