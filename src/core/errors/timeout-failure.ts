import { Failure } from "../failure.js";
import type { Expiry } from "../lifecycle/deadlines.js";

const MESSAGES: Readonly<Record<Exclude<Expiry, "drain">, (seconds: number) => string>> = {
  connect: (seconds) => `No connection within ${seconds} s. Check the address and the network.`,
  headers: (seconds) =>
    `The service did not begin to answer within ${seconds} s. Raise the timeout for slow models.`,
  firstChunk: (seconds) =>
    `No text came within ${seconds} s after the service had begun to answer. Raise the timeout for slow models.`,
  idle: (seconds) =>
    `The service went silent for ${seconds} s in the middle of the answer. Try again, or raise the timeout.`,
  progress: (seconds) =>
    `The service kept the connection open for ${seconds} s without sending any content. Try again, or raise the timeout.`,
  total: (seconds) =>
    `The answer took longer than ${seconds} s in all. Ask for a shorter answer, or raise the timeout.`,
};

/**
 * Creates the failure of a stream whose deadline has passed.
 * @param milliseconds how long the stream waited
 * @param proxy host of the proxy that the request uses, if it uses one
 */
export function createTimeoutFailure(
  expiry: Exclude<Expiry, "drain">,
  milliseconds: number,
  proxy?: string,
): Failure {
  const seconds = milliseconds / 1000;
  if (expiry === "connect" && proxy !== undefined) {
    return new Failure(
      "timeout",
      `No connection through the proxy ${proxy} within ${seconds} s. Check the proxy, the address and the network.`,
    );
  }
  return new Failure("timeout", MESSAGES[expiry](seconds));
}
