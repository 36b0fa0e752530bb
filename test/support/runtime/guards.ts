import assert from "node:assert/strict";
import { waitTicks, waitUntil } from "../waiting.js";

/** Resources of the process that a stream may hold open while it lives and not after. */
const WATCHED = /^(TCP|TLS|Pipe|Timeout|GetAddrInfo|Process)/;

/**
 * Watches over every test of the suite it is called in: no unhandled rejection, no uncaught exception, no warning
 * (too many listeners, overflowing timers), nothing added to `Object.prototype`, and after the test no more
 * sockets, servers and timers than before it.
 */
export function guardEachTest(): void {
  const accidents: unknown[] = [];
  const addAccident = (accident: unknown) => accidents.push(accident);
  let before: Map<string, number>;

  beforeEach(async () => {
    // Asynchronous, so that mocha's timer for a hook is counted here as it is after the test.
    await waitTicks();
    accidents.length = 0;
    process.on("unhandledRejection", addAccident);
    process.on("uncaughtExceptionMonitor", addAccident);
    process.on("warning", addAccident);
    before = countResources();
  });

  afterEach(async () => {
    await waitUntil(
      () => findLeaks(before).length === 0,
      `these are gone: ${findLeaks(before).join(", ")}`,
      1_500,
    ).catch(() => assert.deepEqual(findLeaks(before), [], "resources are left over"));
    process.off("unhandledRejection", addAccident);
    process.off("uncaughtExceptionMonitor", addAccident);
    process.off("warning", addAccident);
    assert.deepEqual(accidents, []);
    assert.deepEqual(Object.keys(Object.prototype), []);
  });
}

function countResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) {
    if (WATCHED.test(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function findLeaks(before: ReadonlyMap<string, number>): string[] {
  return [...countResources()].flatMap(([name, count]) => {
    const more = count - (before.get(name) ?? 0);
    return more > 0 ? [`${more} ${name}`] : [];
  });
}
