// HTTP_PROXY, HTTPS_PROXY and NO_PROXY → the proxy for one URL. There is no standard; this is what curl and Go do, where
// they agree. Sources: curl's manual page, "Environment"; Go's documentation, golang.org/x/net/http/httpproxy.
import { BlockList, isIP } from 'node:net';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The proxy by which a URL is asked; its own address may hold user and password. undefined = directly: none is set,
 * NO_PROXY names the host, or it is this machine itself.
 * @param problems gets a sentence when the variable holds no address of a proxy; it shows no password
 */
export function proxyFor(url: string, env: Env, problems: string[]): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const [set, given] = firstSet(env, name, 'ALL_PROXY') ?? [];
  if (set === undefined || given === undefined) return undefined;
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const [, except = ''] = firstSet(env, 'NO_PROXY') ?? [];
  if (isLocal(host) || isExcepted(host, Number(port) || (protocol === 'https:' ? 443 : 80), except)) return undefined;
  const proxy = given.includes('://') ? given : `http://${given}`;
  if (URL.canParse(proxy) && ['http:', 'https:'].includes(new URL(proxy).protocol)) return proxy;
  problems.push(`${set} is not usable: expected http://user:password@host:3128`);
  return undefined;
}

/** Small letters go before capitals, as in curl. */
function firstSet(env: Env, ...names: string[]): readonly [string, string] | undefined {
  for (const name of names.flatMap((one) => [one.toLowerCase(), one])) {
    const value = env[name]?.trim();
    if (value) return [name, value];
  }
  return undefined;
}

const isLocal = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host);

/** @param except with commas or spaces between: `*`, a host with all below it, `host:port`, an address, a net as 10.0.0.0/8 */
const isExcepted = (host: string, port: number, except: string): boolean =>
  except
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '' || entry === '*') return entry === '*';
      if (entry.includes('/')) return isInNet(host, entry);
      const [, name = '', atPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
      if (atPort !== undefined && Number(atPort) !== port) return false;
      const domain = name.replace(/^\*?\./, '');
      return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`));
    });

function isInNet(host: string, net: string): boolean {
  const [address = '', bits = ''] = net.split('/');
  const family = isIP(address);
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128))
    return false;
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
