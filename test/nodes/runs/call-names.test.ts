import assert from "node:assert/strict";
import { readCallNames } from "../../../src/node-red/runs/call-names.js";

describe("Names of the calls that a message works for", () => {
  it("are those of its own call and of the calls around it", () => {
    const toolCall = { run: "r2", id: "c2", outer: { run: "r1", id: "c1" } };
    assert.deepEqual(readCallNames({ toolCall }), ["r2 c2", "r1 c1"]);
  });

  it("leave out what a flow has made of the property", () => {
    for (const toolCall of [
      undefined,
      null,
      "r c",
      5,
      ["r", "c"],
      {},
      { run: "r" },
      { id: "c" },
      { run: 1, id: "c" },
    ])
      assert.deepEqual(readCallNames({ toolCall }), [], JSON.stringify(toolCall));
    const outer = { run: "r", id: "c" };
    assert.deepEqual(readCallNames({ toolCall: { run: "r2", id: null, outer } }), ["r c"]);
  });

  it("are bounded if a call is around itself", () => {
    const toolCall: Record<string, unknown> = { run: "r", id: "c" };
    toolCall["outer"] = toolCall;
    assert.equal(readCallNames({ toolCall }).length, 16);
  });
});
