import assert from "node:assert/strict";
import sinon from "sinon";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { createFlowNode } from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";
import { CollectWorld, createStreamMessages } from "../../support/worlds/collect-world.js";
import { DeltaBufferWorld } from "../../support/worlds/delta-buffer-world.js";
import { WEATHER } from "../../support/worlds/router-world.js";

const SECOND = "Second one is all there is now.";

/** Settings of core's delay node as the editor writes them. */
const DELAY = {
  pauseType: "delay",
  timeout: "20",
  timeoutUnits: "milliseconds",
  rate: "50",
  nbRateUnits: "1",
  rateUnits: "second",
  randomFirst: "1",
  randomLast: "60",
  randomUnits: "milliseconds",
  drop: false,
  allowrate: false,
  outputs: 1,
};

const createDelay = (pauseType: string) => createFlowNode("delay", "way", ["next"], { ...DELAY, pauseType });
const createFunction = (func: string) =>
  createFlowNode("function", "way", ["next"], { func, outputs: 1, libs: [] });
const createSwitch = (...rules: object[]) =>
  createFlowNode("switch", "way", ["next"], {
    property: "payload",
    propertyType: "msg",
    rules,
    checkall: "true",
    outputs: 1,
  });

/** Nodes that keep the reset message, delay it, or drop messages of the broken attempt. */
const WAYS: readonly (readonly [string, FlowNode])[] = [
  ["a delay node", createDelay("delay")],
  ["a delay node with random times", createDelay("random")],
  ["a delay node with a rate limit", createDelay("rate")],
  [
    "a function node that drops empty messages",
    createFunction("if (!msg.payload && !msg.complete) return null; return msg;"),
  ],
  ["a function node that drops msg.reset", createFunction("if (msg.reset) return null; return msg;")],
  ["a function node that deletes msg.reset", createFunction("delete msg.reset; return msg;")],
  [
    "a function node that makes new messages",
    createFunction(
      "return { payload: msg.payload, parts: msg.parts, complete: msg.complete, finishReason: msg.finishReason };",
    ),
  ],
  [
    "a function node that makes new messages with a copy of msg.parts",
    createFunction(
      "return { payload: msg.payload, parts: { ...msg.parts }, complete: msg.complete, finishReason: msg.finishReason };",
    ),
  ],
  [
    "a function node that sends everything twice",
    createFunction("return [[msg, RED.util.cloneMessage(msg)]];"),
  ],
  [
    "a function node that lets a message overtake the one before",
    createFunction(
      "const wait = msg.parts.index % 2 ? 0 : 15; setTimeout(() => node.send(msg), wait); return null;",
    ),
  ],
  [
    "a switch node for messages that are not empty",
    { ...createSwitch({ t: "nempty" }, { t: "else" }), wires: [["next"], ["last"]], outputs: 2 },
  ],
];

/** Nodes behind the way. */
const READERS: readonly (readonly [string, FlowNode[]])[] = [
  ["collect", []],
  ["a delta-buffer", [createFlowNode("delta-buffer", "next", ["collect"], { milliseconds: 5 })]],
  [
    "a tool-call-router",
    [createFlowNode("tool-call-router", "next", [], { wires: [["collect"], ["ask"], []], tools: [WEATHER] })],
  ],
  ["a second retry node", [createFlowNode("retry", "next", [], { wires: [["collect"], ["ask"], []] })]],
];

describe("A reset that gets lost on the way to its readers", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Lets an answer break off and start over. @returns the collected message, and whether it is finished */
  async function startOver(
    nodes: FlowNode[],
    next: string,
  ): Promise<{ isFinished: boolean; message: Message }> {
    service().queue.push(
      async (reply) => {
        await reply.sendApart("FIRST ", "attempt ", "was ", "cut ");
        reply.drop();
      },
      async (reply) => {
        await reply.sendApart("Second ", "one ", "is ", "all ", "there ", "is ", "now.");
        reply.finish();
      },
    );
    const rename = (id: string) => (id === "next" ? next : id);
    await runtime().deploy([
      ...createRetryFlow(service().url, { retry: { afterText: "restart", wires: [["way"], ["ask"], []] } }),
      createFlowNode("switch", "last", [next], {
        property: "complete",
        propertyType: "msg",
        rules: [{ t: "true" }],
        checkall: "true",
        outputs: 1,
      }),
      ...nodes.map((node) => ({
        ...node,
        wires: (node["wires"] as string[][]).map((wires) => wires.map(rename)),
      })),
    ]);
    runtime().inject("ask", { payload: "Hi" });
    await runtime().arrivals.waitUntil((arrivals) =>
      arrivals.some(({ sink }) => sink === "finished" || sink === "unfinished"),
    );
    await pause();
    const [finished, ...more] = runtime().getMessages("finished");
    const unfinished = runtime().getMessages("unfinished");
    assert.equal(more.length + unfinished.length, finished ? 0 : 1);
    return { isFinished: finished !== undefined, message: finished ?? unfinished[0]! };
  }

  for (const [way, node] of WAYS) {
    for (const [reader, nodes] of READERS) {
      it(`never mixes two attempts behind ${way} and before ${reader}`, async () => {
        const next = nodes.length > 0 ? "next" : "collect";
        const { isFinished, message } = await startOver([node, ...nodes], next);
        if (isFinished) assert.equal(message.payload, SECOND);
        else {
          assert.equal((message.error as FailureData).code, "bad_response");
          assert.ok(SECOND.startsWith(message.payload as string), message.payload as string);
        }
      });
    }
  }
});

describe("An empty first message of an answer that began again", () => {
  /** As a function node leaves it that drops msg.chunk, of a model that thinks first. */
  const messages = createStreamMessages(["", "Hello", " world"]).map((message) => ({
    ...message,
    parts: { ...message.parts!, restarts: 1 },
  }));

  it("counts at collect once no other message came in its place", () => {
    const clock = sinon.useFakeTimers();
    const collecting = new CollectWorld().take(...messages);
    clock.tick(4_900);
    assert.equal(collecting.finished.length, 0);
    clock.tick(200);
    clock.restore();
    assert.equal(collecting.finished[0]!.payload, "Hello world");
    assert.deepEqual(collecting.errors, []);
  });

  it("counts at a delta-buffer once no other message came in its place", async () => {
    const buffering = new DeltaBufferWorld({ count: 9 }).take(...structuredClone(messages));
    await buffering.clock.advance(5_100);
    assert.deepEqual(buffering.texts, ["", "Hello world", ""]);
    assert.equal(buffering.sent[0]!.reset, true);
    assert.equal(buffering.doneCount, 4);
  });

  it("gives its place to the message that the model sent first, whenever that comes", () => {
    const [empty, ...rest] = messages;
    const first = { ...empty!, payload: "Oh. " };
    for (const order of [
      [empty!, first, ...rest],
      [empty!, ...rest, first],
      [first, empty!, ...rest],
    ]) {
      const collecting = new CollectWorld().take(...structuredClone(order));
      assert.equal(collecting.finished[0]!.payload, "Oh. Hello world");
    }
  });
});
