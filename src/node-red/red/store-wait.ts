import type { Clock } from "../../core/clock.js";
import { Failure } from "../../core/failure.js";
import { limitWait } from "../../core/lifecycle/limit-wait.js";

/** How long a context store may take. One that never answers must not keep a stream from its end. */
const MAX_STORE_WAIT_MS = 10_000;

/**
 * Waits for a context store.
 * @param problem what happens if it never answers: “The prompt could not be read”
 * @throws Failure `configuration` if it takes longer than 10 s
 */
export function awaitStore<T>(clock: Clock, work: Promise<T>, problem: string): Promise<T> {
  const text = `${problem} within ${MAX_STORE_WAIT_MS / 1000} s. Check the context store: contextStorage in the settings of Node-RED.`;
  return limitWait(clock, work, MAX_STORE_WAIT_MS, () => new Failure("configuration", text));
}
