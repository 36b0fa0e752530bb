import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { pause } from "./waiting.js";

/** A loop that is late by so much is blocked, and does not only share its processor, in milliseconds. */
const MAX_DELAY_MS = 200;

/** Asserts that work leaves the event loop free: 99 % of its turns begin in time. On a busy machine they are late anyway. */
export async function assertFreeLoop(work: () => Promise<unknown>): Promise<void> {
  const idle = await measureDelay(() => pause(200));
  const late = await measureDelay(work);
  assert.ok(
    late < MAX_DELAY_MS || late < 3 * idle,
    `the event loop was late by ${late} ms, idle by ${idle} ms`,
  );
}

/** @returns how late the event loop is during some work: the 99th percentile in milliseconds */
async function measureDelay(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 2 });
  delay.enable();
  await work();
  delay.disable();
  return delay.percentile(99) / 1e6;
}
