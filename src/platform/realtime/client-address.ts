/**
 * The client's network address: `hops` proxies in front of us are believed, each of which appended whom it saw to
 * X-Forwarded-For; whatever stands further left the client may have written itself (S25).
 */
export function clientAddress(forwarded: string | string[] | undefined, peer: string, hops: number): string {
  if (hops === 0 || forwarded === undefined) return peer;
  const seen = (Array.isArray(forwarded) ? forwarded.join(',') : forwarded).split(',').map((part) => part.trim());
  return seen[Math.max(0, seen.length - hops)] || peer;
}
