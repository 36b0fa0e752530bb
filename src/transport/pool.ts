import { buildConnector, Pool } from "undici";
import { ConnectError } from "./errors.js";

/** Requests that wait for a connection, by whatever agent. */
let waitingRequests = 0;

/** Says that a request waits for a connection. @returns what to call, once or more, when it has one or wants none */
export function startWaiting(): () => void {
  let waits = true;
  waitingRequests++;
  return () => {
    if (waits) waitingRequests--;
    waits = false;
  };
}

/**
 * undici's pool, with connect errors that end the request, and without the connection that undici opens in place of one
 * that was aborted: nobody waits for it, and the service would see a visitor who says nothing.
 */
export function createPool(origin: string | URL, options: Pool.Options): Pool {
  const { connect } = options;
  const connector = typeof connect === "function" ? connect : buildConnector({ ...connect });
  return new Pool(origin, {
    ...options,
    connect: (target, callback) => {
      if (waitingRequests === 0) {
        callback(new ConnectError(new Error("nobody waits for this connection")), null);
        return;
      }
      connector(target, (...[error, socket]) => {
        if (error) callback(new ConnectError(error), null);
        else callback(null, socket);
      });
    },
  });
}
