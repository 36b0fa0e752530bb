import assert from "node:assert/strict";
import { closedStreams } from "../../../src/node-red/messages/closed-streams.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { answerByWeatherTool, createRouterFlow } from "../../support/flows/router.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";

describe("A stream whose node is closed by a deploy", () => {
  const service = useService();
  const runtime = useRuntime();
  let closed: string[];
  let stopListening: () => void;

  beforeEach(() => {
    closed = [];
    stopListening = closedStreams.listen((id) => closed.push(id));
  });
  afterEach(() => stopListening());

  const redeploy = (flow: FlowNode[], id: string) =>
    runtime().deploy(
      flow.map((node) => (node.id === id ? { ...node, name: "new" } : node)),
      "nodes",
    );

  /** @returns the ids of the streams that have arrived */
  const listStreams = () => [
    ...new Set(
      runtime()
        .getMessages("out")
        .map(({ parts }) => parts!.id),
    ),
  ];

  const stall: Script = async (reply) => {
    await reply.sendApart("a", "b");
    await new Promise(() => {});
  };

  it("R02: is announced to the nodes that read it if it has no last message yet", async () => {
    service().queue.push((reply) => reply.say("done"), stall);
    const flow = createAskFlow(service().url);
    await runtime().deploy(flow);
    runtime().inject("ask", { payload: "1" });
    await runtime().waitForEnds("out");
    runtime().inject("ask", { payload: "2" });
    await runtime().waitUntil("out", () => listStreams().length === 2);
    await redeploy(flow, "out");
    assert.deepEqual(closed, []);
    await redeploy(flow, "ask");
    assert.deepEqual(closed, [listStreams()[1]]);
  });

  it("R02: is announced if the retry node is closed that waits to ask again", async () => {
    service().script = (reply) => reply.sendJson(500, {});
    const flow = createRetryFlow(service().url, {
      retry: { waits: "fixed", delay: 60_000, maxDelay: 60_000 },
    });
    await runtime().deploy(flow);
    runtime().inject("ask", { payload: "1" });
    await waitUntil(() =>
      runtime().statuses.messages.some(({ status }) => status?.text?.startsWith("retry 2/")),
    );
    await redeploy(flow, "retry");
    assert.equal(closed.length, 1);
  });

  for (const [keepRuns, count] of [
    ["", 1],
    ["memory", 0],
  ] as const) {
    it(`R02: is announced if the router is closed whose tools work, unless it keeps its runs (“${keepRuns}”)`, async () => {
      service().script = answerByWeatherTool;
      const flow = createRouterFlow(service().url, { router: { keepRuns } });
      await runtime().deploy(flow);
      runtime().inject("router", { payload: "Paris" });
      await waitUntil(() => runtime().getMessages("weather").length === 1);
      await redeploy(flow, "router");
      assert.deepEqual(closed, listStreams().slice(0, count));
    });
  }
});
