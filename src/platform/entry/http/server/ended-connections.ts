import { Counter, register } from 'prom-client';

const NAME = 'parley_http_connections_ended_total';

/** Why a connection was ended. */
export type EndedBecause = 'too-many' | 'sent-ahead' | 'small-pieces' | 'unread' | 'stuck';

const counter =
  (register.getSingleMetric(NAME) as Counter<'reason'> | undefined) ??
  new Counter({ name: NAME, help: 'HTTP connections that were ended because of their client', labelNames: ['reason'] });

export const countEnded = (reason: EndedBecause): void => counter.inc({ reason });
