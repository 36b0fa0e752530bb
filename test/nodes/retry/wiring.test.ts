import assert from "node:assert/strict";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message, NodeRed } from "../../../src/node-red/red/api.js";
import { feedsRetry } from "../../../src/node-red/red/wiring.js";
import {
  createChatStreamNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { createRetryNode } from "../../support/flows/retry.js";
import { groupByStream, joinPayloads } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

const refused: Script = (reply) => reply.sendJson(500, {});
const answered: Script = (reply) => reply.say("Hello");

describe("A retry node behind other nodes", () => {
  const service = useService();
  const runtime = useRuntime();

  /** chat-stream → nodes between → retry (its id is `retry`) → out. */
  function flow(first: string, between: FlowNode[], retry: Record<string, unknown> = {}): FlowNode[] {
    return [
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [[first]] }),
      ...between,
      createRetryNode({ wires: [["out"], ["ask"], []], ...retry }),
      createSinkNode("out"),
      ...createWitnessNodes("ask", "retry"),
    ];
  }

  /** Sends a question. @returns the last message, and the error codes that a Catch node got */
  async function ask(): Promise<{ end: Message; caught: unknown[] }> {
    runtime().inject("ask", { payload: "Hi" });
    const [end] = await runtime().waitForEnds("out");
    await pause();
    const caught = runtime()
      .getMessages("errors")
      .map(({ error }) => (error as { code: string }).code);
    return { end: end!, caught };
  }

  const PATHS: readonly (readonly [string, string, FlowNode[]])[] = [
    ["a junction", "j", [createFlowNode("junction", "j", ["retry"])]],
    [
      "junctions in a row",
      "i",
      [createFlowNode("junction", "i", ["j"]), createFlowNode("junction", "j", ["retry"])],
    ],
    [
      "link nodes",
      "lo",
      [
        createFlowNode("link out", "lo", [], { mode: "link", links: ["li"] }),
        createFlowNode("link in", "li", ["retry"], { links: ["lo"] }),
      ],
    ],
    ["a delta-buffer", "buffer", [createFlowNode("delta-buffer", "buffer", ["retry"])]],
  ];

  for (const [name, first, between] of PATHS) {
    it(`repairs a stream that arrives through ${name}, without an error at the Catch node`, async () => {
      service().queue.push(refused, answered);
      await runtime().deploy(flow(first, between));
      const { end, caught } = await ask();
      assert.equal(end.finishReason, "stop");
      assert.deepEqual(caught, []);
    });
  }

  it("ends the search for a retry node in a ring of junctions", () => {
    const ring = new Map(
      [
        ["i", "j"],
        ["j", "i"],
      ].map(([id, next]) => [id, { type: "junction", wires: [[next]] }]),
    );
    const red = { nodes: { getNode: (id: string) => ring.get(id) } } as unknown as NodeRed;
    assert.equal(feedsRetry(red, { wires: [["i"]] }), false);
  });
});

describe("A retry node behind another retry node", () => {
  const service = useService();
  const runtime = useRuntime();

  async function deployAndAsk(inner: Record<string, unknown>, outer: Record<string, unknown>): Promise<void> {
    await runtime().deploy([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["inner"]] }),
      { ...createRetryNode({ wires: [["outer"], ["ask"], []], ...inner }), id: "inner" },
      { ...createRetryNode({ wires: [["out"], ["ask"], []], ...outer }), id: "outer" },
      createSinkNode("out"),
      ...createWitnessNodes("ask", "inner", "outer"),
    ]);
    runtime().inject("ask", { payload: "Hi", retry: 3 });
  }

  it("repairs what the first one gave up, without an error, and counts the requests of both", async () => {
    service().queue.push(refused, refused, refused, answered);
    await deployAndAsk({ attempts: 2 }, { attempts: 3 });
    const [end] = await runtime().waitForEnds("out");
    await pause();
    assert.equal(end!.finishReason, "stop");
    assert.equal((end!.stats as { attempts: number }).attempts, 4);
    assert.equal(joinPayloads(runtime().getMessages("out")), "Hello");
    assert.equal(groupByStream(runtime().getMessages("out")).length, 1);
    assert.equal(runtime().getMessages("errors").length, 0);
  });

  it("reports the final failure of both nodes once", async () => {
    service().script = refused;
    await deployAndAsk({ attempts: 2 }, { attempts: 2 });
    const [end] = await runtime().waitForEnds("out");
    await pause();
    assert.equal(service().requests.length, 4);
    assert.match((end!.error as FailureData).message, /Given up after 4 attempts/);
    const caught = runtime()
      .getMessages("errors")
      .map(({ error }) => (error as { source: { id: string } }).source.id);
    assert.deepEqual(caught, ["outer"]);
  });

  it("keeps the author's own msg.retry on every message, whichever request it belongs to", async () => {
    service().queue.push(
      async (reply) => {
        await reply.sendApart("Once", " upon");
        reply.drop();
      },
      refused,
      (reply) => reply.say(" a time"),
    );
    await deployAndAsk({ attempts: 2 }, { attempts: 3 });
    await runtime().waitForEnds("out");
    assert.equal(joinPayloads(runtime().getMessages("out")), "Once upon a time");
    assert.deepEqual(
      [
        ...new Set(
          runtime()
            .getMessages("out")
            .map(({ retry }) => retry),
        ),
      ],
      [3],
    );
    assert.equal(
      new Set(
        runtime()
          .getMessages("out")
          .map(({ _msgid }) => _msgid),
      ).size,
      1,
    );
  });
});
