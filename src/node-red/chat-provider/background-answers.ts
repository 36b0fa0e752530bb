import type { ChatResult, ChatSetup, ResumePoint } from "../../client/chat-types.js";
import { type AnswerService, stopAtService } from "../../client/kept/background-run.js";
import type { Clock } from "../../core/clock.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";

/** How many answers are remembered. */
const MAX_ANSWERS = 1000;

/** Characters of all records that are remembered. An answer beyond that is read again from its beginning. */
const MAX_READ_CHARS = 16 * 1024 * 1024;

/** An answer whose stream broke, while the service goes on with it. */
interface BackgroundAnswer {
  point: ResumePoint;
  stop: () => void;
}

/** The answers that a service goes on with in the background, although their streams broke, and the requests that stop them. */
export class BackgroundAnswers {
  private readonly byStream = new RecentMap<BackgroundAnswer>(MAX_ANSWERS);
  private readonly work = new Set<Promise<void>>();

  /** Adds to the end of a stream that an answer which goes on is remembered, by the id of the stream that broke. */
  watch(setup: ChatSetup, onEnd: (result: ChatResult) => void): (result: ChatResult) => void {
    // The rest of the setup is not kept: it holds the request, and what was read before.
    const { id, provider, endpoint, dispatcher, clock, limits, holdWork } = setup;
    const service: AnswerService = { provider, endpoint, dispatcher, clock, limits, holdWork };
    return (result) => {
      const { resume: point } = result;
      if (point) {
        this.byStream.set(id, { point, stop: () => stopAtService(service, point.id) });
        this.keepBound();
      }
      onEnd(result);
    };
  }

  /** Forgets an answer that is taken up again. @returns where, with what was read of it so far if that is known */
  take(wanted: ResumePoint | undefined): ResumePoint | undefined {
    let found = wanted;
    for (const [stream, { point }] of this.byStream) {
      if (point.id !== wanted?.id) continue;
      this.byStream.delete(stream);
      if (point.after === wanted.after) found = point;
    }
    return found;
  }

  /** Stops the answer of a stream at its service, if it still goes on there. */
  stop(stream: string): void {
    const answer = this.byStream.get(stream);
    this.byStream.delete(stream);
    answer?.stop();
  }

  /** Stops all answers that still go on, because nobody is left to take them up. */
  stopAll(): void {
    for (const [stream] of [...this.byStream]) this.stop(stream);
  }

  /** Forgets what was read of the oldest answers. */
  private keepBound(): void {
    let chars = 0;
    for (const answer of [...this.byStream.values()].reverse()) {
      const { read, ...place } = answer.point;
      chars += read?.records.reduce((sum, { length }) => sum + length, 0) ?? 0;
      if (chars > MAX_READ_CHARS) answer.point = place;
    }
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
