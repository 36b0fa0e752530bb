import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { waitTicks } from "../waiting.js";

/** Resources of the process that a stream may hold only while it runs. */
const WATCHED = /^(TCP|TLS|Pipe|Timeout|GetAddrInfo|Process)/;

/** How long resources may take to be released: so much time, and so many turns, which take longer on a busy machine. */
const RELEASE_MS = 1_500;
const RELEASE_TURNS = 500;

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
    const leaks = await waitForRelease(before);
    assert.deepEqual(leaks, [], `resources are left over; all sockets: ${describeSockets()}`);
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

/** @returns what is not released in time */
async function waitForRelease(before: ReadonlyMap<string, number>): Promise<string[]> {
  const deadline = performance.now() + RELEASE_MS;
  for (let turns = 0; ; turns++) {
    const leaks = findLeaks(before);
    if (leaks.length === 0 || (turns >= RELEASE_TURNS && performance.now() > deadline)) return leaks;
    await sleep(2);
    // Afterwards the timer of the sleep is gone, too.
    await waitTicks(1);
  }
}

/** Describes the open sockets of the process by their ports, to tell whose they are. */
function describeSockets(): string {
  const handles = (process as unknown as { _getActiveHandles(): Partial<Socket>[] })._getActiveHandles();
  const sockets = handles.filter(({ remotePort }) => remotePort !== undefined);
  return sockets
    .map(({ localPort, remotePort, readyState }) => `${localPort} → ${remotePort} (${readyState})`)
    .join(", ");
}

function findLeaks(before: ReadonlyMap<string, number>): string[] {
  return [...countResources()].flatMap(([name, count]) => {
    const added = count - (before.get(name) ?? 0);
    return added > 0 ? [`${added} ${name}`] : [];
  });
}
