/** Passes messages on in the order of their arrival, however long it takes to evaluate the key of each. */
export class Arrivals {
  /** Resolves when the newest waiting message has passed; undefined if none waits. */
  private last: Promise<void> | undefined;

  /**
   * Passes one message on.
   * @param ready the value that the message waits for. It has to settle some day: those behind it wait, too
   * @param step called with the value once all earlier messages have passed or failed; at once if nothing waits
   * @returns the step's result. Rejects without calling the step if `ready` rejects
   */
  pass<T, R>(ready: T | Promise<T>, step: (value: T) => R): R | Promise<R> {
    if (!this.last && !(ready instanceof Promise)) return step(ready);
    const passed = Promise.allSettled([ready, this.last])
      .then(() => ready)
      .then(step);
    const clear = () => {
      if (this.last === last) this.last = undefined;
    };
    const last = passed.then(clear, clear);
    this.last = last;
    return passed;
  }
}
