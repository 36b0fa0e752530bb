import { createTimeoutFailure } from "../../core/errors/timeout-failure.js";
import type { Failure } from "../../core/failure.js";
import type { Expiry } from "../../core/lifecycle/deadlines.js";
import { findProxy } from "../../transport/agent.js";
import type { ChatSetup } from "../chat-types.js";

/** Creates the failure of a stream whose deadline has passed. */
export function createExpiryFailure(expiry: Exclude<Expiry, "drain">, setup: ChatSetup): Failure {
  const { dispatcher, endpoint, timeouts } = setup;
  return createTimeoutFailure(expiry, timeouts[expiry], findProxy(dispatcher, new URL(endpoint.baseUrl)));
}
