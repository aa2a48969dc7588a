import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { assertOneStatement, type LaterResult, type Row, type SqlTransaction, type SqlValue } from './statements';

/** Asks the transaction's connection; answers one result, or one for each statement of the text. */
export type Ask = (text: string, values: SqlValue[]) => Promise<unknown>;

type Result = ResultSetHeader | RowDataPacket[];

interface Statement {
  text: string;
  values: SqlValue[];
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * One transaction on one connection, in as few round trips as its work allows: what is asked in one turn travels
 * together, and so does what was put off till later (docs/adr/0013). The server stops at the first statement that fails;
 * a transaction in which one failed is asked nothing more, so it is never committed.
 */
export class Transaction implements SqlTransaction {
  private waiting: Statement[] = [];
  /** Whether somebody waits for what waits. */
  private asked = false;
  private sending = false;
  private failure: { error: unknown } | undefined;

  constructor(private readonly answerTo: Ask) {
    this.later('START TRANSACTION');
  }

  rows<T = Row>(text: string, values: SqlValue[] = []): Promise<T[]> {
    return this.ask(text, values) as Promise<T[]>;
  }

  run(text: string, values: SqlValue[] = []): Promise<ResultSetHeader> {
    return this.ask(text, values) as Promise<ResultSetHeader>;
  }

  later(text: string, values: SqlValue[] = []): LaterResult {
    assertOneStatement(text);
    const later: { insertId?: number } = {};
    this.waiting.push({
      text,
      values,
      resolve: (result) => (later.insertId = (result as ResultSetHeader).insertId),
      reject: () => undefined, // whoever asks next is told, COMMIT at the latest
    });
    return later;
  }

  async commit(): Promise<void> {
    await this.run('COMMIT');
  }

  private ask(text: string, values: SqlValue[]): Promise<Result> {
    assertOneStatement(text);
    return new Promise((resolve, reject) => {
      this.waiting.push({ text, values, resolve, reject });
      this.asked = true;
      if (this.sending) return;
      this.sending = true;
      queueMicrotask(() => void this.send());
    });
  }

  /** One trip at a time: what is asked meanwhile must not run behind something that fails. */
  private async send(): Promise<void> {
    while (this.asked) {
      this.asked = false;
      const trip = this.waiting;
      this.waiting = [];
      try {
        if (this.failure) throw this.failure.error;
        await this.travel(trip);
      } catch (error) {
        this.failure = { error };
        for (const { reject } of trip) reject(error);
      }
    }
    this.sending = false;
  }

  private async travel(trip: readonly Statement[]): Promise<void> {
    const text = trip.map((statement) => statement.text).join(';\n');
    const answer = await this.answerTo(
      text,
      trip.flatMap(({ values }) => values),
    );
    if (trip.length === 1) trip[0].resolve(answer as Result);
    else trip.forEach(({ resolve }, index) => resolve((answer as Result[])[index]));
  }
}
