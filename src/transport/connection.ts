import type { Socket } from "node:net";

/** The connection that one exchange goes over, in the two respects in which undici's own ways will not do. */
export interface Connection {
  /**
   * Lets the peer wait. undici's `pause()` pauses its parser, and that one asserts that it is not paused when a
   * connection ends whose response said `connection: close`: thrown in an event of the socket, the assertion takes
   * the process down. A socket that gives nothing to read leaves the parser out of it; what comes waits in the
   * kernel, the connection's end too.
   */
  hold(held: boolean): void;
  /** Ends it. After undici's `abort()` alone it would connect again, for a request that nobody waits for. */
  destroy(): void;
}

let claim: ((connection: Connection) => void) | undefined;

/**
 * Names the one who gets the connection that is written to next. undici tells that a request starts and then, in the
 * same turn, writes it: so this is the connection of the request that has just started.
 */
export function claimConnection(callback: (connection: Connection) => void): void {
  claim = callback;
}

/** Makes a socket, before undici gets it, one that can be claimed. */
export function claimable<S extends Socket>(socket: S): S {
  const read = socket.read;
  const write = socket.write as (...args: unknown[]) => boolean;
  let held = false;
  const connection: Connection = {
    hold(wanted) {
      if (wanted === held) return;
      held = wanted;
      // Not at once: undici cannot read one socket from within the reading of another.
      if (!held) process.nextTick(() => held || socket.destroyed || socket.emit("readable"));
    },
    destroy: () => void socket.destroy(new Error("aborted")),
  };
  socket.read = (size?: number) => (held ? null : read.call(socket, size));
  socket.write = (...args: unknown[]) => {
    const claimed = claim;
    claim = undefined;
    claimed?.(connection);
    return write.apply(socket, args);
  };
  return socket;
}
