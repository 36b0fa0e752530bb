import assert from "node:assert/strict";
import { RunningRuns } from "../../../src/node-red/runs/register.js";

describe("Running runs", () => {
  it("tell listeners once that a run is over, and it runs no longer then", () => {
    const runs = new RunningRuns();
    const end = runs.begin("r");
    const told: boolean[] = [];
    runs.onEnd("r", () => told.push(runs.has("r")));
    assert.equal(runs.has("r"), true);
    end();
    end();
    assert.deepEqual(told, [false]);
    assert.equal(runs.has("r"), false);
  });

  it("tell nothing to who has stopped listening, and of a run that has not begun", () => {
    const runs = new RunningRuns();
    const told: string[] = [];
    runs.onEnd("r", () => told.push("before the run"));
    const end = runs.begin("r");
    const stop = runs.onEnd("r", () => told.push("stopped"));
    runs.onEnd("r", () => told.push("listens"));
    stop();
    end();
    assert.deepEqual(told, ["listens"]);
  });
});
