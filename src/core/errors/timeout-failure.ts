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

/** Creates the failure of a stream whose deadline has passed. @param milliseconds how long the stream waited */
export function createTimeoutFailure(expiry: Exclude<Expiry, "drain">, milliseconds: number): Failure {
  return new Failure("timeout", MESSAGES[expiry](milliseconds / 1000));
}
