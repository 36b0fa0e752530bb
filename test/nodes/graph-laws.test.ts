import assert from "node:assert/strict";
import fc from "fast-check";
import { GRAPH_NODES, type Graph, type GraphNode, GraphWorld } from "../support/worlds/graph-world.js";
import type { ModelTurn } from "../support/worlds/router-world.js";

const NAMES = Object.keys(GRAPH_NODES) as GraphNode[];
const ENTRIES: readonly GraphNode[] = ["ask", "other", "router", "junction"];

/** Any wires between the nodes: none, one or two from each output. */
const anyGraph = fc.record(
  Object.fromEntries(
    NAMES.map((name) => {
      const targets = fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 2 });
      const outputs = GRAPH_NODES[name][1];
      return [name, fc.array(targets, { minLength: outputs, maxLength: outputs })];
    }),
  ),
) as unknown as fc.Arbitrary<Graph>;

const anyTurn: fc.Arbitrary<ModelTurn> = fc.constantFrom<ModelTurn>(
  { texts: ["Hello ", "world."] },
  { texts: ["Half "], fails: "interrupted" },
  { fails: "overloaded" },
  { fails: "authentication" },
  { calls: [{ name: "get_weather", args: { city: "Paris" } }], finish: "tool_calls" },
);

/**
 * Nodes that hand on what they get, each by these outputs. A ring of nothing but these is a flow that turns in itself
 * without asking anybody, as any ring of core nodes does.
 */
const HANDS_ON: Readonly<Partial<Record<GraphNode, readonly number[]>>> = {
  retry: [0],
  router: [0],
  buffer: [0],
  collect: [0, 1],
  junction: [0],
};

function turnsInItself(graph: Graph): boolean {
  const reaches = (from: GraphNode, seen: Set<GraphNode>, start: GraphNode): boolean =>
    (HANDS_ON[from] ?? []).some((output) =>
      (graph[from][output] ?? []).some((to) => {
        if (to === start) return true;
        if (seen.has(to)) return false;
        seen.add(to);
        return reaches(to, seen, start);
      }),
    );
  return NAMES.some((name) => reaches(name, new Set(), name));
}

/** Longest life of a run with the defaults of the dialogs: attempts, waits, lost requests, and tools that never answer. */
const MAX_LIFE_MS = 20 * 60_000;

/** A stream whose last message the author's own function keeps to itself is given up when nothing came for an hour. */
const MAX_SILENCE_MS = 60 * 60_000;

/** Requests of one question: the turns of a run, each with its attempts by two outputs, for two readers of each output. */
const MAX_REQUESTS = 500;

describe("Any wiring of our nodes", function () {
  this.timeout(120_000);

  it("ends every request within the bounds of the dialogs, and asks no model without end", () => {
    fc.assert(
      fc.property(
        anyGraph.filter((graph) => !turnsInItself(graph)),
        fc.subarray(NAMES, { maxLength: 2 }),
        fc.array(anyTurn, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...ENTRIES),
        (graph, disabled, turns, entry) => {
          const world = new GraphWorld(graph, disabled, (nth) => turns[nth % turns.length]!);
          const start = world.clock.now();
          world.ask(entry);
          const { requests, got, done, thrown, lastAt } = world;
          assert.deepEqual(thrown, []);
          assert.ok(requests <= MAX_REQUESTS, `${requests} requests`);
          assert.equal(done, got, "inputs that are done");
          const maxMs = MAX_LIFE_MS + (world.hasDropped ? MAX_SILENCE_MS : 0);
          assert.ok(lastAt - start <= maxMs, `${lastAt - start} ms`);
          world.close();
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
