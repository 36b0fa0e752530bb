import { stopAtService } from "../../client/background-run.js";
import type { ChatResult, ChatSetup } from "../../client/chat-types.js";
import type { Clock } from "../../core/clock.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";

/** How many broken answers are remembered that go on at their service. */
const MAX_KEPT = 1000;

/** The answers that go on at their service although their stream broke, and the requests that stop such answers. */
export class KeptAnswers {
  private readonly byStream = new RecentMap<{ answer: string; stop: () => void }>(MAX_KEPT);
  private readonly work = new Set<Promise<void>>();

  /** Adds to the end of a stream that an answer which goes on is remembered, by the id of the stream that broke. */
  watch(setup: ChatSetup, onEnd: (result: ChatResult) => void): (result: ChatResult) => void {
    return (result) => {
      const answer = result.resume?.id;
      if (answer !== undefined)
        this.byStream.set(setup.id, { answer, stop: () => stopAtService(setup, answer) });
      onEnd(result);
    };
  }

  /** Forgets an answer that is taken up again. */
  forget(answer: string | undefined): void {
    if (answer === undefined) return;
    for (const [stream, kept] of this.byStream) if (kept.answer === answer) this.byStream.delete(stream);
  }

  /** Stops the answer of a stream at its service, if it still goes on there. */
  stop(stream: string): void {
    const kept = this.byStream.get(stream);
    this.byStream.delete(stream);
    kept?.stop();
  }

  /** Stops all answers that still go on, because nobody is left to take them up. */
  stopAll(): void {
    for (const [stream] of [...this.byStream]) this.stop(stream);
  }

  /** Holds a request that outlives its stream. */
  hold(work: Promise<void>): void {
    this.work.add(work);
    void work.then(() => this.work.delete(work));
  }

  /** Waits until no such request is under way, but not longer than this. */
  settle(clock: Clock, maxMilliseconds: number): Promise<void> {
    if (this.work.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = clock.setTimer(resolve, maxMilliseconds);
      void Promise.all(this.work).then(() => {
        clock.clearTimer(timer);
        resolve();
      });
    });
  }
}
