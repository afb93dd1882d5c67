import { BlockList, isIP } from 'node:net';
import type { ConsoleRequest } from './message.ts';

/** Where a proxy of ours may stand. */
const own = new BlockList();
for (const [net, prefix] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
] as const)
  own.addSubnet(net, prefix, 'ipv4');
own.addAddress('::1', 'ipv6');
own.addSubnet('fc00::', 7, 'ipv6');
own.addSubnet('fe80::', 10, 'ipv6');

const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;
const GROUPS = 8;
const NET_GROUPS = 4;

/** Whose tries are counted: where a proxy of ours connects, the last one it says it speaks for. */
export function addressOf(request: Pick<ConsoleRequest, 'address' | 'header'>): string {
  const address = plainAddress(request.address);
  const kind = isIP(address);
  if (kind !== 0 && !own.check(address, kind === 4 ? 'ipv4' : 'ipv6')) return countedOf(address);
  const told = plainAddress(request.header('x-forwarded-for').split(',').at(-1)?.trim() ?? '');
  return countedOf(isIP(told) === 0 ? address : told);
}

/** The shortest spelling; IPv4 in its own, however the server wrote it. */
function plainAddress(given: string): string {
  if (isIP(given) !== 6) return given;
  const short = URL.parse(`http://[${given}]`)?.hostname.slice(1, -1) ?? given;
  const [, high, low] = MAPPED.exec(short) ?? [];
  if (high === undefined || low === undefined) return short;
  const [left, right] = [parseInt(high, 16), parseInt(low, 16)];
  return [left >> 8, left & 255, right >> 8, right & 255].join('.');
}

/** A home has a whole network of IPv6 addresses: it counts as one. */
function countedOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail = ''] = address.split('::');
  const [left, right] = [head.split(':').filter(Boolean), tail.split(':').filter(Boolean)];
  const zeros = Array.from({ length: GROUPS - left.length - right.length }, () => '0');
  const groups = address.includes('::') ? [...left, ...zeros, ...right] : left;
  return `${groups.slice(0, NET_GROUPS).join(':')}::/64`;
}
