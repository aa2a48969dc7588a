import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';

/** Everything that is not the public internet: this machine, private networks, link-local (cloud metadata), reserved. */
const INNER = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  INNER.addSubnet(network, prefix, 'ipv4');
}
/** Only 2000::/3 is in use on the internet; within it, ways to reach IPv4 and documentation are not for us. */
const GLOBAL_V6 = new BlockList();
GLOBAL_V6.addSubnet('2000::', 3, 'ipv6');
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  INNER.addSubnet(network, prefix, 'ipv6');
}

/** Whether an IP address belongs to the public internet. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !INNER.check(address, 'ipv4');
  return isIP(address) === 6 && GLOBAL_V6.check(address, 'ipv6') && !INNER.check(address, 'ipv6');
}

/** A name that leads into our own network, or an address of it. */
export class InnerAddressError extends Error {
  readonly code = 'INNER_ADDRESS';
  constructor(hostname: string) {
    super(`${hostname} is not on the public internet`);
  }
}

type Answer = Parameters<LookupFunction>[2];

/**
 * Name resolution at the moment of connecting, so that a name cannot mean one address when it is checked and another
 * when it is used. Refuses a name as soon as one of its addresses is ours.
 */
export const publicLookup: LookupFunction = (hostname: string, options: LookupOptions, answer: Answer) => {
  resolve(hostname, { ...options, all: true }, (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => {
    if (error) return answer(error, '');
    if (addresses.length === 0 || addresses.some(({ address }) => !isPublicAddress(address))) {
      return answer(new InnerAddressError(hostname), '');
    }
    if (options.all === true) return answer(null, addresses);
    const [{ address, family }] = addresses as [LookupAddress];
    answer(null, address, family);
  });
};

/** A host that is an address is never looked up, so it has to be checked by itself. */
export function assertPublicHost({ hostname }: URL): void {
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (isIP(bare) !== 0 && !isPublicAddress(bare)) throw new InnerAddressError(bare);
}
