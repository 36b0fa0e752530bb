import assert from "node:assert/strict";
import { pause } from "../waiting.js";
import { guardEachTest } from "./guards.js";

import { type RuntimeOptions, TestRuntime } from "./node-red-runtime.js";

/**
 * Starts Node-RED for the tests of the current suite. It asserts after each test: every input is done once, no stream
 * has two last messages, and nothing is left over without flows.
 * @returns a function that gets the runtime
 */
export function useRuntime(options: RuntimeOptions = {}): () => TestRuntime {
  let runtime: TestRuntime | undefined;
  before(async () => {
    runtime = await TestRuntime.start(options);
  });
  after(() => runtime?.stop());
  afterEach(async () => {
    await runtime!.deploy([]);
    for (const [id, { got, done }] of runtime!.inputs)
      assert.equal(done, got, `inputs of ${id} that are done`);
    assert.deepEqual(findDoubleEnds(runtime!), []);
    runtime!.clearRecords();
    runtime!.closeConnections();
    // The service needs a moment to close its side of the connections.
    await pause(5);
  });
  guardEachTest();
  return () => runtime!;
}

/** Finds streams with more than one last message at the same sink. */
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
