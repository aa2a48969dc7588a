import type { CallerKind } from '../../kernel/caller';
import type { LimitSettings } from '../config/settings';

/** What comes back per second, and what may be taken at once after a pause. */
export interface Rate {
  perSecond: number;
  burst: number;
}

/** Whom a budget is counted by: a caller, or the address of somebody who has not proven who they are. */
export type RateSubjectKind = CallerKind | 'address';

interface Budget {
  /** All nodes keep it together: for what is rare and may wait for Redis. */
  shared?: true;
  /** The rate of each kind of subject. Whoever is missing here cannot draw from it. */
  of: Partial<Record<RateSubjectKind, (limits: LimitSettings) => Rate>>;
}

/** A call, an event or a frame counts once more for each of these bytes (as a shift: 8 KiB). */
export const EXTRA_SHIFT = 13;

/** How often a call counts whose body, or an event whose frame, has this many bytes: 1 below 8 KiB, 8 just below 64 KiB. */
export const timesCounted = (bytes: number): number => 1 + (bytes >> EXTRA_SHIFT);

/** The same of a text. A UTF-16 unit takes three bytes at most: most texts are judged without encoding them. */
export const timesCountedText = (text: string): number =>
  (text.length * 3) >> EXTRA_SHIFT === 0 ? 1 : timesCounted(Buffer.byteLength(text));

const perHour = (count: number): Rate => ({ perSecond: count / 3600, burst: count });

const calls = ({ callsPerSecond, callsBurst }: LimitSettings): Rate => ({
  perSecond: callsPerSecond,
  burst: callsBurst,
});
const logins = ({ loginsPerSecond, loginsBurst }: LimitSettings): Rate => ({
  perSecond: loginsPerSecond,
  burst: loginsBurst,
});

/** A client that keeps to its rates comes nowhere near: each of its events may be refused several times. */
const frames = (limits: LimitSettings): Rate => ({
  perSecond: Math.max(400, 4 * (limits.userSendsPerSecond + limits.callsPerSecond + limits.signalsPerSecond)),
  burst: Math.max(4000, 6 * (limits.userSendsBurst + limits.callsBurst + limits.signalsBurst)),
});

export type BudgetName =
  'calls' | 'sends' | 'signals' | 'frames' | 'handshakes' | 'creations' | 'newNames' | 'wrongCredentials' | 'passwords';

/**
 * Every rate of this deployment, by the name that `details.budget` of a RATE_LIMITED says. A budget belongs to a user, an
 * app server, a developer or an address, never to a socket: reconnecting gives nothing back. An event or a route says
 * which one it draws from (`@On(event, { rate })`, `@Rate(name)`); what is counted by what comes of it is drawn by the use
 * case (`SharedRateLimiter.consumeFor`).
 */
export const BUDGETS: Readonly<Record<BudgetName, Budget>> = {
  /** Every event and route that says nothing else. By address: what needs no credential, logins above all. */
  calls: { of: { user: calls, app: calls, developer: calls, operator: calls, address: logins } },
  /** Messages. */
  sends: {
    of: {
      user: (limits) => ({ perSecond: limits.userSendsPerSecond, burst: limits.userSendsBurst }),
      app: (limits) => ({ perSecond: limits.appSendsPerSecond, burst: limits.appSendsBurst }),
    },
  },
  /** What is told to many and stored nowhere. */
  signals: { of: { user: (limits) => ({ perSecond: limits.signalsPerSecond, burst: limits.signalsBurst }) } },
  /** Everything that sockets send, whatever it is: past it they are closed. */
  frames: { of: { user: frames } },
  /** Sockets opened. Not by address: many users may share one. */
  handshakes: { of: { user: (limits) => ({ perSecond: limits.handshakesPerSecond, burst: limits.handshakesBurst }) } },
  /** Groups and rooms made, by whichever call. */
  creations: {
    shared: true,
    of: {
      user: (limits) => perHour(limits.creationsPerHour),
      app: (limits) => perHour(limits.appCreationsPerHour),
    },
  },
  /** Users created implicitly: messaged or added to a group before their first login. */
  newNames: {
    shared: true,
    of: { user: (limits) => perHour(limits.newNamesPerHour), app: (limits) => perHour(limits.appNewNamesPerHour) },
  },
  /** Wrong credentials, through whichever door. */
  wrongCredentials: { of: { address: logins } },
  /** Passwords tried or set: each costs a scrypt. */
  passwords: {
    shared: true,
    of: {
      address: (limits) => ({ perSecond: limits.passwordsPerSecond, burst: limits.passwordsBurst }),
      app: (limits) => ({ perSecond: limits.appPasswordsPerSecond, burst: limits.appPasswordsBurst }),
    },
  },
};
