// So many connections and no more: of one too many the one goes that keeps us waiting longest, so whoever comes next (a probe,
// say) is let in, however many hold on to half a request.
import type { Socket } from 'node:net';

export interface Places {
  /** For each new connection. */
  readonly take: (socket: Socket) => void;
  /** All of its request is here: now it waits for us, and stays. */
  isServed(socket: Socket): void;
  /** Its answer is ready, to be read, and to be followed by the next request: we wait for it again. */
  isWaitedFor(socket: Socket): void;
}

/** @param most connections at a time */
export function openPlaces(most: number): Places {
  const all = new Set<Socket>();
  /** The longest first. */
  const waitedFor = new Set<Socket>();
  const letGo = (socket: Socket): void => {
    all.delete(socket);
    waitedFor.delete(socket);
  };
  return {
    take(socket) {
      all.add(socket);
      waitedFor.add(socket);
      socket.once('close', () => letGo(socket));
      if (all.size <= most) return;
      // It is the new one where all others are being served.
      const [longest = socket] = waitedFor;
      letGo(longest);
      longest.destroy();
    },
    isServed: (socket) => void waitedFor.delete(socket),
    isWaitedFor(socket) {
      if (!all.has(socket)) return;
      waitedFor.delete(socket);
      waitedFor.add(socket);
    },
  };
}
