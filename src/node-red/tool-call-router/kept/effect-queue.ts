import type { RunEffect } from "../run-events.js";

/** Carries effects out one after the other. One that takes time holds back those behind it. */
export class EffectQueue {
  private readonly waiting: RunEffect[] = [];
  private isBusy = false;

  constructor(
    /** @returns a promise if the effects behind this one have to wait for it */
    private readonly carryOut: (effect: RunEffect) => Promise<void> | undefined,
    private readonly onFailure: (thrown: unknown) => void,
  ) {}

  add(effects: readonly RunEffect[]): void {
    this.waiting.push(...effects);
    if (!this.isBusy) this.advance();
  }

  private advance(): void {
    this.isBusy = true;
    let pending: Promise<void> | undefined;
    while (!pending && this.waiting.length > 0) {
      try {
        pending = this.carryOut(this.waiting.shift()!);
      } catch (thrown) {
        this.onFailure(thrown);
      }
    }
    if (pending) void pending.catch(this.onFailure).then(() => this.advance());
    else this.isBusy = false;
  }
}
