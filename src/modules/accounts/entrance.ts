/**
 * How logins and connecting devices wait for their transactions: a user a lane, in batches when many come at once
 * (docs/adr/0005). Clients give up a login or a handshake after 20 s, so nobody waits here for longer than 15.
 */
export const ENTRANCE = {
  inFlightMax: 2,
  besideMin: 64,
  paced: true,
  queueMax: 5000,
  laneMax: 500,
  waitMaxMs: 15_000,
} as const;
