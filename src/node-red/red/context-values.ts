import type { Clock } from "../../core/clock.js";
import { Failure, readReason } from "../../core/failure.js";
import { limitWait } from "../../core/lifecycle/limit-wait.js";
import type { Context, NamedContext } from "./api.js";

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

/** @returns one store of a context */
export function selectStore(context: NamedContext, store: string): Context {
  return {
    get: (key, callback) => context.get(key, store, callback),
    set: (key, value, callback) => context.set(key, value, store, callback),
  };
}

/** Reads and writes a context. Each access ends within 10 s, whatever the store does. */
export class ContextValues {
  constructor(
    private readonly context: Context,
    private readonly clock: Clock,
    /** What is kept there, for errors: “conversation”. */
    private readonly label: string,
  ) {}

  /** @throws Failure `configuration` if the store fails or does not answer */
  get(path: string): Promise<unknown> {
    const { context, clock, label } = this;
    const value = new Promise((resolve, reject) => {
      context.get(path, (error, found) => (error ? reject(this.createFailure(error)) : resolve(found)));
    });
    return awaitStore(clock, value, `The ${label} could not be read`);
  }

  /**
   * @param value undefined deletes the value
   * @throws Failure `configuration` if the store fails or does not answer
   */
  set(path: string, value: unknown): Promise<void> {
    const { context, clock, label } = this;
    const stored = new Promise<void>((resolve, reject) => {
      context.set(path, value, (error) => (error ? reject(this.createFailure(error)) : resolve()));
    });
    return awaitStore(clock, stored, `The ${label} could not be stored`);
  }

  private createFailure(error: unknown): Failure {
    return new Failure(
      "configuration",
      `The context store of the ${this.label} failed: ${readReason(error)}. Check contextStorage in the settings of Node-RED.`,
    );
  }
}
