import assert from "node:assert/strict";
import type { NodeRed, RuntimeNode } from "../../../src/node-red/red/api.js";
import { ForeignStreams } from "../../../src/node-red/tool-call-router/sessions/foreign-streams.js";

/** A router before another one, with a count of how often a node was looked up. */
function createForeign(wires: string[][]): { foreign: ForeignStreams; lookUps: () => number } {
  let count = 0;
  const getNode = (id: string) => {
    count++;
    return { id, type: "tool-call-router", wires: [[]] };
  };
  const node = { id: "me", type: "tool-call-router", wires } as unknown as RuntimeNode;
  return {
    foreign: new ForeignStreams({ nodes: { getNode } } as unknown as NodeRed, node),
    lookUps: () => count,
  };
}

describe("Stream of another router", () => {
  it("passes if the first output leads to that router", () => {
    assert.equal(createForeign([["other"], []]).foreign.passes("s", "other"), true);
    assert.equal(createForeign([["other"], []]).foreign.passes("s", "third"), false);
    assert.equal(createForeign([[], ["other"]]).foreign.passes("s", "other"), false);
  });

  it("follows the wires once a stream", () => {
    const { foreign, lookUps } = createForeign([["other"]]);
    for (let nth = 0; nth < 10; nth++) {
      assert.equal(foreign.passes("s", "other"), true);
      assert.equal(foreign.passes("t", "third"), false);
    }
    assert.equal(lookUps(), 2);
  });

  it("forgets the oldest of more than 2000 streams", () => {
    const { foreign, lookUps } = createForeign([["other"]]);
    for (let nth = 0; nth <= 2000; nth++) foreign.passes(`${nth}`, "other");
    assert.equal(lookUps(), 2001);
    foreign.passes("2000", "other");
    assert.equal(lookUps(), 2001);
    foreign.passes("0", "other");
    assert.equal(lookUps(), 2002);
  });
});
