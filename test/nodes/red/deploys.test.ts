import assert from "node:assert/strict";
import { createFlowNode } from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { answerByWeatherTool, createRouterFlow } from "../../support/flows/router.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

/** A node that takes its time to close, as one of MQTT or of a serial port does. */
const SLOW_NODE = `module.exports = (RED) => {
  RED.nodes.registerType("slow-close", function (config) {
    RED.nodes.createNode(this, config);
    this.on("close", (done) => setTimeout(done, 400));
  });
};`;

describe("A deploy that takes the chat-stream away for a while", () => {
  const service = useService();
  const runtime = useRuntime({
    files: {
      "slow-close.js": SLOW_NODE,
      "slow-close.html": '<script type="text/html" data-template-name="slow-close"></script>',
    },
  });

  const addSlowNode = (flow: FlowNode[]) => [...flow, createFlowNode("slow-close", "slow", [])];
  const exchange = (flow: FlowNode[]) =>
    runtime().deploy(
      flow.map((one) => (one.id === "ask" || one.id === "slow" ? { ...one, name: "changed" } : one)),
      "nodes",
    );

  /** Asserts that one stream ends well. */
  async function assertEndsWell(): Promise<void> {
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.error, undefined);
    assert.equal(end!.finishReason, "stop");
    assert.deepEqual(runtime().getMessages("errors"), []);
  }

  it("lets a run go on whose tool answers meanwhile", async () => {
    service().script = answerByWeatherTool;
    const flow = addSlowNode(createRouterFlow(service().url));
    await runtime().deploy(flow);
    runtime().inject("router", { payload: "Paris" });
    const [call] = await runtime().waitUntil("weather", (calls) => calls.length === 1);
    await pause();
    const deployed = exchange(flow);
    await pause(100);
    runtime().inject("router", { ...call, payload: "sunny" });
    await deployed;
    await assertEndsWell();
  });

  it("lets a question through that comes to a tool-call-router meanwhile", async () => {
    const flow = addSlowNode(createRouterFlow(service().url));
    await runtime().deploy(flow);
    const deployed = exchange(flow);
    await pause(100);
    runtime().inject("router", { payload: "Paris" });
    await deployed;
    await assertEndsWell();
  });

  for (const [name, delayMs, waitMs] of [
    ["stream fails", 150, 1],
    ["wait ends", 0, 200],
  ] as const) {
    it(`lets retry ask again if a ${name} meanwhile`, async () => {
      service().queue.push((reply) => reply.sendJson(429, {}, { "retry-after-ms": String(waitMs) }));
      const delay = { pauseType: "delay", timeout: String(delayMs), timeoutUnits: "milliseconds" };
      const flow = addSlowNode([
        ...createRetryFlow(service().url, delayMs > 0 ? { stream: { wires: [["delay"]] } } : {}),
        createFlowNode("delay", "delay", ["retry"], delay),
      ]);
      await runtime().deploy(flow);
      runtime().inject("ask", { payload: "Hi" });
      await waitUntil(() => runtime().inputs.get("ask")?.done === 1, "the first request has failed");
      await exchange(flow);
      await runtime().waitForEnds("out");
      assert.equal(runtime().getMessages("out").at(-1)!.finishReason, "stop");
      assert.equal(service().requests.length, 2);
    });
  }
});
