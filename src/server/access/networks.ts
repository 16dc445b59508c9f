// From which network somebody asks, as limits count: whoever has one IPv6 address mostly has all of its /64.
import { isIPv4, isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** Who asks, by what a trusted proxy says; where that is no address, the proxy itself. */
export const addressOf = ({ ip, socket }: FastifyRequest): string =>
  isIPv4(ip) || isIPv6(ip) ? ip : (socket.remoteAddress ?? 'unknown');

/** An IPv4 address as it is (also where it is written as `::ffff:192.0.2.1`), an IPv6 address as its /64. */
export function networkOf(address: string): string {
  const [bare = ''] = address.split('%');
  if (!isIPv6(bare)) return bare;
  const groups = groupsOf(bare);
  const [high = 0, low = 0] = groups.slice(6);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight numbers of an IPv6 address. URL writes each of them in one way, an IPv4 end included. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const numbers = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const [first, last] = [numbers(head), numbers(tail ?? '')];
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}
