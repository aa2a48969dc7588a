import type { UserCaller } from '../../kernel/caller';
import type { ClientEventName, ClientEvents } from '../../kernel/contracts/socket-events';
import type { Answer } from '../../kernel/json-text';
import type { BudgetName } from '../entry/budgets';
import type { Connection } from './connection';

export const ON = 'parley:on';

/** What a handler returns: the reply of its event, now or later. */
export type Reply<E extends ClientEventName> =
  Answer<ClientEvents[E]['reply']> | Promise<Answer<ClientEvents[E]['reply']>>;
export type EventHandler<E extends ClientEventName> = (
  caller: UserCaller,
  data: never,
  connection: Connection,
) => Reply<E>;

export interface OnOptions {
  /** The budget that the event draws from; `calls` unless it says another. */
  rate?: BudgetName;
  /** Its answer may be large: a connection has few of them made at once, and none while it does not read. */
  large?: boolean;
}

/** What `@On` leaves at a handler. */
export interface OnMark {
  event: string;
  rate: BudgetName;
  large: boolean;
}

/**
 * Marks the one handler of a client event: `(caller, dto, connection) => reply`. The second parameter's class is the
 * event's shape; the dispatcher checks it, limits the rate and answers `{ok, data}` or `{ok: false, error}`.
 */
export const On =
  <E extends ClientEventName>(event: E, { rate = 'calls', large = false }: OnOptions = {}) =>
  <H extends EventHandler<E>>(target: object, key: string | symbol, _descriptor: TypedPropertyDescriptor<H>): void =>
    Reflect.defineMetadata(ON, { event, rate, large } satisfies OnMark, target, key);
