import assert from "node:assert/strict";
import { turns, until } from "../waiting.js";

/** Resources of the process that a stream may hold open while it lives and not after. */
const WATCHED = /^(TCP|TLS|Pipe|Timeout|GetAddrInfo|Process)/;

/**
 * Watches over every test of the suite it is called in: no unhandled rejection, no uncaught exception, no warning
 * (too many listeners, overflowing timers), nothing added to `Object.prototype`, and after the test no more
 * sockets, servers and timers than before it.
 */
export function guardEachTest(): void {
  const accidents: unknown[] = [];
  const note = (accident: unknown) => accidents.push(accident);
  let before: Map<string, number>;

  beforeEach(async () => {
    // Asynchronous, so that mocha's timer for a hook is counted here as it is after the test.
    await turns();
    accidents.length = 0;
    process.on("unhandledRejection", note);
    process.on("uncaughtExceptionMonitor", note);
    process.on("warning", note);
    before = resources();
  });

  afterEach(async () => {
    await until(() => leaks(before).length === 0, `these are gone: ${leaks(before).join(", ")}`, 1_500).catch(
      () => assert.deepEqual(leaks(before), [], "resources are left over"),
    );
    process.off("unhandledRejection", note);
    process.off("uncaughtExceptionMonitor", note);
    process.off("warning", note);
    assert.deepEqual(accidents, []);
    assert.deepEqual(Object.keys(Object.prototype), []);
  });
}

function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) {
    if (WATCHED.test(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function leaks(before: ReadonlyMap<string, number>): string[] {
  return [...resources()].flatMap(([name, count]) => {
    const more = count - (before.get(name) ?? 0);
    return more > 0 ? [`${more} ${name}`] : [];
  });
}
