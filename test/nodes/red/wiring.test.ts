import assert from "node:assert/strict";
import type { NodeRed, RuntimeNode } from "../../../src/node-red/red/api.js";
import {
  describeDeadEnd,
  describeWire,
  feedsRetry,
  findWay,
  isWired,
  leadsTo,
} from "../../../src/node-red/red/wiring.js";

/** Enabled nodes by their id: type, wires of each output, and more properties. */
type Flow = Record<string, readonly [type: string, wires?: readonly (readonly string[])[], more?: object]>;

/** Creates a flow around the node `me`, whose first output has these wires. */
function createFlow(first: readonly string[], flow: Flow): { red: NodeRed; me: RuntimeNode } {
  const nodes = new Map(
    Object.entries(flow).map(([id, [type, wires = [], more]]) => [id, { id, type, wires, ...more }]),
  );
  const me = { id: "me", type: "retry", wires: [first] };
  const getNode = (id: string) => (id === "me" ? me : (nodes.get(id) ?? null));
  return { red: { nodes: { getNode } } as unknown as NodeRed, me: me as unknown as RuntimeNode };
}

const ASK = ["chat-stream", [["me"]]] as const;

describe("Way of the messages of an output", () => {
  for (const [title, first, flow, end, isSlow] of [
    ["no wire", [], {}, "nowhere", false],
    ["a wire to a disabled node", ["gone"], {}, "nowhere", false],
    ["a node that answers", ["ask"], { ask: ASK }, "back", false],
    ["the node itself", ["me"], {}, "back", false],
    ["a debug node", ["debug"], { debug: ["debug"] }, "nowhere", false],
    ["a response to a client", ["http"], { http: ["http response"] }, "nowhere", false],
    ["a junction without a wire", ["j"], { j: ["junction", [[]]] }, "nowhere", false],
    [
      "links and junctions",
      ["j"],
      { j: ["junction", [["l"]]], l: ["link out", [["i"]]], i: ["link in", [["ask"]]], ask: ASK },
      "back",
      false,
    ],
    [
      "a second output of a node on the way",
      ["s"],
      { s: ["switch", [[], ["ask"]]], ask: ASK },
      "back",
      false,
    ],
    [
      "a node without an output, which may send it elsewhere",
      ["mqtt"],
      { mqtt: ["mqtt out"] },
      "elsewhere",
      true,
    ],
    [
      "a link that returns to its caller",
      ["l"],
      { l: ["link out", [], { mode: "return" }] },
      "elsewhere",
      true,
    ],
    ["a link call", ["c"], { c: ["link call", [["debug"]]], debug: ["debug"] }, "elsewhere", true],
    ["a delay", ["d"], { d: ["delay", [["ask"]]], ask: ASK }, "back", true],
    ["a trigger", ["d"], { d: ["trigger", [["ask"]]], ask: ASK }, "back", true],
    ["a batch", ["d"], { d: ["batch", [["ask"]]], ask: ASK }, "back", true],
    ["both back and elsewhere", ["ask", "mqtt"], { ask: ASK, mqtt: ["mqtt out"] }, "back", true],
    ["a subflow without an output", ["sub"], { sub: ["subflow:1", []] }, "nowhere", false],
    [
      "a ring of other nodes",
      ["a"],
      { a: ["function", [["b"]]], b: ["function", [["a"]]] },
      "nowhere",
      false,
    ],
  ] as const satisfies readonly (readonly [string, readonly string[], Flow, string, boolean])[]) {
    it(`ends ${end}${isSlow ? ", and may be slow" : ""}: ${title}`, () => {
      const { red, me } = createFlow(first, flow);
      assert.deepEqual(findWay(red, me, 0), { end, isSlow });
    });
  }

  it("ends nowhere for an output that the node does not have", () => {
    const { red, me } = createFlow(["ask"], { ask: ASK });
    assert.equal(findWay(red, me, 1).end, "nowhere");
  });

  it("is followed through thousands of nodes, and no further", () => {
    for (const [length, end] of [
      [4000, "back"],
      [6000, "nowhere"],
    ] as const) {
      const flow: Flow = {};
      for (let nth = 0; nth < length; nth++) flow[`${nth}`] = ["junction", [[`${nth + 1}`]]];
      flow[`${length}`] = ASK;
      const { red, me } = createFlow(["0"], flow);
      assert.equal(findWay(red, me, 0).end, end);
    }
  });
});

describe("Output of a node", () => {
  for (const [title, first, flow, expected] of [
    ["no wire", [], {}, false],
    ["a disabled node", ["gone"], {}, false],
    ["a function", ["f"], { f: ["function", [[]]] }, true],
    ["a debug node", ["d"], { d: ["debug"] }, true],
    ["a junction to nothing", ["j"], { j: ["junction", [[]]] }, false],
    ["a junction to a function", ["j"], { j: ["junction", [["f"]]], f: ["function"] }, true],
    ["a link to nothing", ["l"], { l: ["link out", [["i"]]], i: ["link in", [[]]] }, false],
    ["a link that returns", ["l"], { l: ["link out", [], { mode: "return" }] }, true],
    ["an empty subflow", ["s"], { s: ["subflow:1", []] }, false],
    ["a subflow to a function", ["s"], { s: ["subflow:1", [["f"]]], f: ["function"] }, true],
  ] as const satisfies readonly (readonly [string, readonly string[], Flow, boolean])[]) {
    it(`${expected ? "has" : "does not have"} a receiver: ${title}`, () => {
      const { red, me } = createFlow(first, flow);
      assert.equal(isWired(red, me, 0), expected);
    });
  }
});

describe("Stream that leads to another node", () => {
  it("is followed through the first outputs of nodes that hand a stream on, and no others", () => {
    for (const [type, wires, expected] of [
      ["delta-buffer", [["r"]], true],
      ["tool-call-router", [["r"], []], true],
      ["tool-call-router", [[], ["r"]], false],
      ["junction", [["r"]], true],
      ["function", [["r"]], false],
      ["collect", [["r"]], false],
    ] as const) {
      const { red, me } = createFlow(["x"], { x: [type, wires], r: ["retry", [[]]] });
      assert.equal(feedsRetry(red, me), expected, `${type} ${JSON.stringify(wires)}`);
    }
  });

  it("counts no second output, no disabled node and not the node itself unless a wire leads back", () => {
    const { red, me } = createFlow(["gone"], {});
    assert.equal(feedsRetry(red, { wires: [["gone"], ["me"]] }), false);
    assert.equal(
      leadsTo(red, me, ({ id }) => id === "me"),
      false,
    );
    const ring = createFlow(["j"], { j: ["junction", [["me"]]] });
    assert.equal(feedsRetry(ring.red, ring.me), true);
  });
});

describe("Description of a wire", () => {
  it("names at most three enabled nodes by their name, or else by their type", () => {
    const { red, me } = createFlow(["a", "gone", "b", "c", "d"], {
      a: ["function", [], { name: "Ask" }],
      b: ["chat-stream", [], { name: "" }],
      c: ["debug"],
      d: ["debug"],
    });
    assert.equal(describeWire(red, me, 0), "output 1 (to “Ask”, “chat-stream”, “debug”)");
    assert.equal(describeWire(red, me, 1), "output 2 (to no enabled node)");
  });

  it("says what to wire if nothing comes back, and nothing if it does or may", () => {
    const dead = createFlow(["d"], { d: ["debug"] });
    assert.equal(
      describeDeadEnd(dead.red, dead.me, 0),
      "What goes to output 1 (to “debug”) does not come back to this node. Wire it into an enabled chat-stream, and its output into this node.",
    );
    for (const flow of [{ d: ASK }, { d: ["mqtt out"] }] as Flow[]) {
      const { red, me } = createFlow(["d"], flow);
      assert.equal(describeDeadEnd(red, me, 0), undefined);
    }
  });
});
