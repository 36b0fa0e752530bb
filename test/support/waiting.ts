import { setTimeout as sleep, setImmediate as tick } from "node:timers/promises";

/** How long a test waits for something at most, in milliseconds. It takes milliseconds, unless the machine is busy. */
export const MAX_WAIT_MS = 40_000;

/**
 * Waits until a condition holds, without a fixed sleep.
 * @param expected what should happen, for the error; default: the source of the condition
 * @throws if it does not happen in time
 */
export async function waitUntil(
  condition: () => boolean,
  expected: string = String(condition),
  maxMilliseconds: number = MAX_WAIT_MS,
): Promise<void> {
  const deadline = performance.now() + maxMilliseconds;
  for (let ticks = 0; !condition(); ticks++) {
    if (performance.now() > deadline) throw new Error(`This did not happen in time: ${expected}`);
    if (ticks < 50) await tick();
    else await sleep(2);
    // Afterwards the timer of the sleep is gone, too, for tests that count timers.
    await tick();
  }
}

/** Waits for ticks of the event loop, in which reads, callbacks and promises run. */
export async function waitTicks(count: number = 3): Promise<void> {
  for (let at = 0; at < count; at++) await tick();
}

/** Waits for a fixed time, to prove that nothing more comes. */
export async function pause(milliseconds: number = 30): Promise<void> {
  await sleep(milliseconds);
}
