import type { PushProvider } from '../provider';

/** What an upload turned out to be. */
export interface Inspected {
  /** What is sealed and opened again. */
  readonly content: Readonly<Record<string, unknown>>;
  /** What the answer shows: topic, key id, project … Never a secret. */
  readonly found: Readonly<Record<string, string>>;
  /** From then on the vendor takes nothing. */
  readonly expiresAt?: Date;
}

/** A vendor as a whole: it says what its credentials must be, and opens a channel with one. */
export interface PushVendor extends PushProvider {
  /**
   * @param appPk whose upload it is
   * @throws AppError INVALID_REQUEST naming the field that is wrong, and why; BUSY when too many wait to be read
   */
  inspect(upload: object, appPk: number): Promise<Inspected> | Inspected;
}
