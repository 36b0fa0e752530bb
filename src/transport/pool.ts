import { buildConnector, Pool } from "undici";
import { ConnectError } from "./errors.js";
import { SocketMeter } from "./socket-meter.js";

/** How many requests wait for a connection, in all agents together. */
let waitingRequests = 0;

/**
 * Counts a request that waits for a connection.
 * @returns a function to call when it has a connection or no longer needs one; it may be called more than once
 */
export function startWaiting(): () => void {
  let isWaiting = true;
  waitingRequests++;
  return () => {
    if (isWaiting) waitingRequests--;
    isWaiting = false;
  };
}

/**
 * Creates a pool of undici with three changes:
 *
 * - Its sockets count what they read, and say when a read ends; see `SocketMeter`.
 * - A connect error ends the request instead of being retried.
 * - No connection is opened in place of an aborted one unless a request waits for it. Otherwise the service would see a
 *   client that connects and sends nothing.
 */
export function createPool(origin: string | URL, options: Pool.Options): Pool {
  const { connect } = options;
  const connector = typeof connect === "function" ? connect : buildConnector({ ...connect });
  return new Pool(origin, {
    ...options,
    connect: (target, callback) => {
      if (waitingRequests === 0) {
        callback(new ConnectError(new Error("no request waits for this connection")), null);
        return;
      }
      connector(target, (...[error, socket]) => {
        if (error) callback(new ConnectError(error), null);
        else {
          const meter = new SocketMeter(socket);
          callback(null, socket);
          meter.watchReadEnds();
        }
      });
    },
  });
}
