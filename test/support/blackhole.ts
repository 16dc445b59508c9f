// A network between the product and a server in which the packets of flows can vanish: nobody is told, nothing is closed,
// and new connections pass. So it is after a failover, at the end of an entry in a NAT, and with a cable that was pulled.
import { once } from 'node:events';
import net from 'node:net';

export interface Blackhole {
  /** The server's address, by this way. */
  readonly url: string;
  /** Flows that pass now. */
  passing(): number;
  /** From now on nothing passes on the flows that there are. */
  swallow(): void;
  /** From now on new ones are swallowed too, or pass again. */
  swallowNew(on: boolean): void;
  /** New flows go to another server from now on, as behind an address that has moved; those that there are stay. */
  redirect(target: string): void;
  close(): void;
}

/**
 * @param target such as postgres://user@127.0.0.1:5432/database or redis://127.0.0.1:6379
 * @param host address of this machine that it is reached by
 */
export async function openBlackhole(target: string, host = '127.0.0.1'): Promise<Blackhole> {
  const url = new URL(target);
  const placeOf = ({ hostname: host, port, protocol }: URL) => ({
    host,
    port: Number(port) || (protocol.startsWith('redis') ? 6_379 : 5_432),
  });
  let place = placeOf(url);
  const flows = new Set<{ swallowed: boolean; readonly ends: readonly [net.Socket, net.Socket] }>();
  let isNewSwallowed = false;
  const proxy = net.createServer((client) => {
    const server = net.connect(place);
    const flow = { swallowed: isNewSwallowed, ends: [client, server] as const };
    flows.add(flow);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('data', (data) => {
        if (!flow.swallowed) to.write(data);
      });
      from.on('error', () => {});
      // A swallowed end is not heard of on the other side.
      from.on('close', () => {
        if (flow.swallowed) return;
        to.destroy();
        flows.delete(flow);
      });
    }
  });
  proxy.listen(0, host);
  await once(proxy, 'listening');
  url.port = String((proxy.address() as net.AddressInfo).port);
  url.hostname = host;
  return {
    url: url.href,
    passing: () => [...flows].filter(({ swallowed }) => !swallowed).length,
    swallow() {
      for (const flow of flows) flow.swallowed = true;
    },
    swallowNew(on) {
      isNewSwallowed = on;
    },
    redirect(other) {
      place = placeOf(new URL(other));
    },
    close() {
      proxy.close();
      for (const { ends } of flows) for (const end of ends) end.destroy();
    },
  };
}
