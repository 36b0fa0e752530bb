import assert from "node:assert/strict";
import { waitTicks, waitUntil } from "../waiting.js";

/** Resources of the process that a stream may hold only while it runs. */
const WATCHED = /^(TCP|TLS|Pipe|Timeout|GetAddrInfo|Process)/;

/**
 * Asserts for every test of the current suite: no unhandled rejection, no uncaught exception, no warning (too many
 * listeners, overflowing timers), nothing added to `Object.prototype`, and no sockets, servers and timers left over.
 */
export function guardEachTest(): void {
  const accidents: unknown[] = [];
  const addAccident = (accident: unknown) => accidents.push(accident);
  let before: Map<string, number>;

  beforeEach(async () => {
    // An asynchronous hook, so that mocha's timer for hooks is counted before and after the test.
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
      `these are released: ${findLeaks(before).join(", ")}`,
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
    const added = count - (before.get(name) ?? 0);
    return added > 0 ? [`${added} ${name}`] : [];
  });
}
