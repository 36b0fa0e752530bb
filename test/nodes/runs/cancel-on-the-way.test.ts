import assert from "node:assert/strict";
import { createFlowNode } from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { answerByWeatherTool, createRouterFlow } from "../../support/flows/router.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

const COMMANDS = [
  ["its id", (id: string) => ({ cancel: true, parts: { id, index: 0 } })],
  ["its topic", () => ({ cancel: true, topic: "mine" })],
  ["msg.cancel alone", () => ({ cancel: true })],
  ["msg.reset", () => ({ reset: true, topic: "mine" })],
] as const;

describe("Cancelling a stream at the chat-stream while its last message is on its way", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Asks, holds the messages back at `way`, cancels at the chat-stream, and hands them on to a node. */
  async function cancelOnTheWay(
    flow: FlowNode[],
    first: string,
    goal: string,
    command: (id: string) => object,
  ) {
    await runtime().deploy([...flow, createFlowNode("helper", "way", [goal])]);
    runtime().inject(first, { payload: "Paris", topic: "mine" });
    await runtime().waitForEnds("way");
    const held = runtime().getMessages("way");
    runtime().inject("ask", { ...command(held[0]!.parts!.id) });
    await pause();
    for (const message of held) runtime().inject(goal, message);
    return (await runtime().waitForEnds("out"))[0]!;
  }

  for (const [name, command] of COMMANDS) {
    const stream = { conversation: "key", wires: [["way"]] };

    it(`does not wait to ask again in retry, by ${name}`, async () => {
      service().script = (reply) => reply.sendJson(429, {});
      const retry = { delay: 15_000, waits: "fixed" };
      const flow = createRetryFlow(service().url, { stream, retry });
      const end = await cancelOnTheWay(flow, "ask", "retry", command);
      assert.equal(end.finishReason, "cancelled");
      assert.equal(end.error, undefined);
      assert.equal(service().requests.length, 1);
    });

    it(`calls no tool in a tool-call-router, by ${name}`, async () => {
      service().script = answerByWeatherTool;
      const flow = createRouterFlow(service().url, { stream });
      const end = await cancelOnTheWay(flow, "router", "router", command);
      assert.equal(end.finishReason, "cancelled");
      assert.deepEqual(runtime().getMessages("weather"), []);
      assert.equal(service().requests.length, 1);
    });
  }

  it("ends a whole answer in a tool-call-router as it ended", async () => {
    service().script = (reply) => reply.say("Hello");
    const flow = createRouterFlow(service().url, { stream: { wires: [["way"]] } });
    const end = await cancelOnTheWay(flow, "router", "router", () => ({ cancel: true }));
    assert.equal(end.finishReason, "stop");
  });
});
