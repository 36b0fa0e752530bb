import assert from "node:assert/strict";
import type { Version } from "../../support/runtime/node-red-process.js";
import { type CrashPoint, CrashWorld, WHOLE_TEXT, type Witnessed } from "../../support/worlds/crash-world.js";

const VERSION = (process.env["NODE_RED"] ?? "4") as Version;

/** The writes of the run: its calls, the first answer, the next turn, its call, the last turn, and that it is over. */
const WRITES = 6;

/** What must hold wherever the process ends. */
function checkLaws({ calls, requests, answers }: Witnessed, at: string): void {
  assert.deepEqual(calls, [...new Set(calls)], `${at}: a tool was called twice`);
  const repeated = requests.length - new Set(requests).size;
  assert.ok(repeated <= 1, `${at}: the model was asked ${repeated} times too often`);
  for (const answer of answers) assert.equal(answer, WHOLE_TEXT, at);
}

describe("A run that is kept, and a process that ends at any step", function () {
  this.timeout(300_000);

  const play = async (point: CrashPoint, minAnswers = 1): Promise<Witnessed> => {
    const witnessed = await CrashWorld.play(VERSION, point, minAnswers);
    checkLaws(witnessed, JSON.stringify(point));
    return witnessed;
  };

  it("T16 Node-RED ends before a step of a run is stored: the run goes on from the step before, and calls no tool twice", async () => {
    for (let nth = 1; nth <= WRITES; nth++) {
      const { calls, requests, answers } = await play(
        { at: "write", nth, when: "before" },
        nth === 1 ? 0 : 1,
      );
      // Before its first step is stored, a run is known to nobody: it has done nothing.
      if (nth === 1)
        assert.deepEqual({ calls, requests, answers }, { calls: [], requests: [0], answers: [] });
      // Only a run that is over but was not forgotten answers twice.
      assert.ok(answers.length <= (nth === WRITES ? 2 : 1), `before write ${nth}`);
    }
  });

  it("T17 Node-RED ends after a step of a run was stored, before anything came of it: the run goes on from there", async () => {
    for (let nth = 1; nth <= WRITES; nth++) {
      const { answers } = await play({ at: "write", nth, when: "after" }, nth < WRITES ? 1 : 0);
      assert.ok(answers.length <= 1, `after write ${nth}`);
    }
  });

  it("T18 Node-RED ends while the model is asked or a tool is at work: the model is asked again, the tool is not", async () => {
    for (const nth of [1, 2, 3]) {
      const asked = await play({ at: "asked", nth }, nth === 1 ? 0 : 1);
      // The first turn is not kept: nothing has been done yet, and the question can be asked again.
      assert.equal(asked.answers.length, nth === 1 ? 0 : 1, `asked ${nth}`);
      if (nth > 1) assert.equal(asked.requests.length, 4);
      const called = await play({ at: "called", nth });
      assert.equal(called.answers.length, 1, `called ${nth}`);
    }
  });
});
