/** A message of which some recipients are still to be decided. Short names: there may be many in one row. */
export interface FanoutItem {
  /** Conversation. */
  readonly c: number;
  readonly s: number;
  /** The last member decided so far, of a conversation that takes several pages. */
  readonly after?: number;
  /** Only these users: they were present, and may not have confirmed. */
  readonly only?: readonly number[];
}

export const readItems = (text: string): FanoutItem[] => JSON.parse(text) as FanoutItem[];
