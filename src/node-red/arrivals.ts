/** Lets messages go on in the order in which they came, however long each takes to be ready. */
export class Arrivals {
  /** Resolves when all that came have gone on; undefined where they have. */
  private last: Promise<void> | undefined;

  /**
   * @param ready what the message waits for
   * @param step called with it once all that came before have gone on or failed; at once where nothing is to wait for
   * @returns what the step gives; rejects as `ready` does, and then there is no step
   */
  next<T, R>(ready: T | Promise<T>, step: (value: T) => R): R | Promise<R> {
    if (!this.last && !(ready instanceof Promise)) return step(ready);
    const mine = Promise.allSettled([ready, this.last])
      .then(() => ready)
      .then(step);
    const gone = () => {
      if (this.last === last) this.last = undefined;
    };
    const last = mine.then(gone, gone);
    this.last = last;
    return mine;
  }
}
