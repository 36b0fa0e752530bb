import type { ServerResponse } from "node:http";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { writePart } from "./http.js";
import { isPaced, type Step } from "./steps.js";

/** Characters in one write; after it other work gets its turn. */
const MAX_BATCH_CHARS = 16_384;

/** How far the stream may fall behind before its clock starts again: a long pause must not end in a burst. */
const MAX_LAG_MS = 250;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Writes the steps of a stream at an even pace and waits whenever the socket is full. It stops as soon as the
 * response closes: no timer stays, and no further step is asked for.
 *
 * @param pace chunks per second; 0: as fast as the socket takes them
 */
export async function writeAtPace(
  steps: Iterable<Step>,
  response: ServerResponse,
  pace: number,
): Promise<void> {
  const closed = new AbortController();
  response.once("close", () => closed.abort());
  const clock = new PaceClock(pace);
  let batch = "";
  const flush = async (): Promise<void> => {
    const text = batch;
    batch = "";
    if (text !== "") await writePart(response, text);
  };
  for (const step of steps) {
    if (step.kind === "drop" || step.kind === "stall") {
      // Everything before the fault has to arrive, or "after 12" would mean "after at most 12".
      await flush();
      if (step.kind === "drop") response.destroy();
      return;
    }
    const waitMs = isPaced(step) && !step.isDue ? clock.measureWaitMs() : 0;
    if (waitMs > 0) {
      await flush();
      await sleep(waitMs, undefined, { ref: false, signal: closed.signal }).catch(() => undefined);
    }
    batch += step.text;
    if (batch.length >= MAX_BATCH_CHARS) {
      await flush();
      await nextTurn();
    }
    if (closed.signal.aborted) return;
  }
  await flush();
  response.end();
}

/** Says when the next chunk is due. It starts once, so that late timers do not add up. */
class PaceClock {
  private readonly intervalMs: number;
  private startMs = performance.now();
  private chunks = 0;

  constructor(pace: number) {
    this.intervalMs = pace > 0 ? 1_000 / pace : 0;
  }

  /** Counts one more chunk. @returns the time until it is due; 0 or less if it is due now */
  measureWaitMs(): number {
    if (this.intervalMs === 0) return 0;
    const now = performance.now();
    const dueMs = this.startMs + ++this.chunks * this.intervalMs;
    if (now - dueMs > MAX_LAG_MS) this.startMs += now - dueMs;
    return Math.min(dueMs - now, MAX_TIMER_MS);
  }
}
