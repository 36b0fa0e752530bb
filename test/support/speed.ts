import assert from "node:assert/strict";

/** Work that grows with the square of a long text takes minutes of processor time; linear work takes far less than this. */
const MAX_CPU_MS = 10_000;

/** What a busy machine may add to a time, in milliseconds. */
const BUSY_MS = 3_000;

/** Asserts that work takes little processor time, whatever else runs on the machine. @returns what the work returns */
export function assertCheap<T>(work: () => T): T {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  const took = (user + system) / 1000;
  assert.ok(took < MAX_CPU_MS, `it took ${took} ms of processor time`);
  return result;
}

/** Asserts that nobody has to wait longer than so many milliseconds on an idle machine. @returns what the work returns */
export async function assertPrompt<T>(maxMs: number, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  const took = performance.now() - started;
  assert.ok(took < maxMs + BUSY_MS, `it took ${took} ms`);
  return result;
}
