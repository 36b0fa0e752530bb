import assert from "node:assert/strict";
import { Cancels } from "../../../src/node-red/runs/cancels.js";
import { measureHeldBytes } from "../../support/held-bytes.js";

/** Watches names. @returns how often each watch was called */
function createWatches(cancels: Cancels) {
  const calls: string[] = [];
  return { calls, watch: (...names: string[]) => cancels.watch(names, () => void calls.push(names.join())) };
}

describe("Cancels", () => {
  it("call each watch of a name that is cancelled, and no other one", () => {
    const cancels = new Cancels();
    const { calls, watch } = createWatches(cancels);
    watch("stream", "run");
    watch("run");
    watch("other");
    cancels.cancel("run");
    assert.deepEqual(calls, ["stream,run", "run"]);
    assert.deepEqual([cancels.isCancelled(["x", "run"]), cancels.isCancelled(["stream"])], [true, false]);
  });

  it("find a name of any length, such as a visitor's topic", () => {
    const cancels = new Cancels();
    const { calls, watch } = createWatches(cancels);
    const name = "x".repeat(5_000);
    watch(name);
    cancels.cancel(`${name}y`);
    assert.deepEqual(calls, []);
    cancels.cancel(name);
    assert.equal(calls.length, 1);
    assert.equal(cancels.isCancelled([name]), true);
  });

  it("end one watch and not another one with the same callback", () => {
    const cancels = new Cancels();
    let calls = 0;
    const onCancel = () => void calls++;
    const end = cancels.watch(["run"], onCancel);
    cancels.watch(["run"], onCancel);
    end();
    end();
    cancels.cancel("run");
    assert.equal(calls, 1);
  });

  it("keep nothing of a watch that is over", () => {
    const cancels = new Cancels();
    const before = measureHeldBytes(cancels);
    for (let run = 0; run < 100; run++) cancels.watch([`stream ${run}`, `run ${run}`], () => {})();
    assert.equal(measureHeldBytes(cancels), before);
  });

  it("call a watch once that watches again when it is called", () => {
    const cancels = new Cancels();
    let calls = 0;
    const watch = () => {
      if (calls < 10)
        cancels.watch(["run"], () => {
          calls++;
          watch();
        });
    };
    watch();
    cancels.cancel("run");
    assert.equal(calls, 1);
  });
});
