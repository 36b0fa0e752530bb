import type { Clock } from "../../core/clock.js";
import { Failure } from "../../core/failure.js";

/** How long a message may take. A context store that never answers must not block the messages behind it. */
const MAX_WAIT_MS = 10_000;

/** Passes messages on in the order of their arrival, however long it takes to evaluate the key of each. */
export class Arrivals {
  /** Resolves when the newest waiting message has passed; undefined if none waits. */
  private last: Promise<void> | undefined;

  constructor(private readonly clock: Clock) {}

  /**
   * Passes one message on.
   * @param ready the value that the message waits for
   * @param step called with the value once all earlier messages have passed or failed; at once if nothing waits
   * @returns the step's result. Rejects without calling the step if `ready` rejects, or with a Failure `configuration` if
   *   it takes longer than 10 s.
   */
  pass<T, R>(ready: T | Promise<T>, step: (value: T) => R): R | Promise<R> {
    if (!this.last && !(ready instanceof Promise)) return step(ready);
    const value = ready instanceof Promise ? this.limitWait(ready) : ready;
    const passed = Promise.allSettled([value, this.last])
      .then(() => value)
      .then(step);
    const clear = () => {
      if (this.last === last) this.last = undefined;
    };
    const last = passed.then(clear, clear);
    this.last = last;
    return passed;
  }

  private limitWait<T>(ready: Promise<T>): Promise<T> {
    let timer: unknown;
    const timeout = new Promise<never>((_resolve, reject) => {
      const problem = `The conversation key of the message could not be read within ${MAX_WAIT_MS / 1000} s. Check the context store that it comes from.`;
      timer = this.clock.setTimer(() => reject(new Failure("configuration", problem)), MAX_WAIT_MS);
    });
    return Promise.race([ready, timeout]).finally(() => this.clock.clearTimer(timer));
  }
}
