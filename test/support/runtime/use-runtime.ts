import assert from "node:assert/strict";
import { pause } from "../waiting.js";
import { guardEachTest } from "./guards.js";

import { type RuntimeOptions, TestRuntime } from "./node-red-runtime.js";

/**
 * A runtime for all tests around it, with what must hold after each: every input done once, no stream with two
 * ends, nothing left over when the flows are gone, no accident in the process.
 * @returns how a test gets at it
 */
export function useRuntime(options: RuntimeOptions = {}): () => TestRuntime {
  let runtime: TestRuntime | undefined;
  before(async function () {
    this.timeout(20_000);
    runtime = await TestRuntime.start(options);
  });
  after(() => runtime?.stop());
  afterEach(async () => {
    await runtime!.deploy([]);
    for (const [id, { got, done }] of runtime!.inputs)
      assert.equal(done, got, `inputs of ${id} that are done`);
    assert.deepEqual(findDoubleEnds(runtime!), []);
    runtime!.clearRecords();
    // The service closes its side of a connection a moment later.
    await pause(5);
  });
  guardEachTest();
  return () => runtime!;
}

/** Streams with more than one last message at one place. */
function findDoubleEnds(runtime: TestRuntime): string[] {
  const seen = new Set<string>();
  return runtime.arrivals.messages.flatMap(({ sink, message }) => {
    if (message.complete !== true || typeof message.parts?.id !== "string") return [];
    const key = `${sink} ${message.parts.id}`;
    if (seen.has(key)) return [key];
    seen.add(key);
    return [];
  });
}
