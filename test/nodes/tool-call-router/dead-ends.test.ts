import assert from "node:assert/strict";
import type { FailureData } from "../../../src/core/failure.js";
import { createFlowNode } from "../../support/flows/nodes.js";
import { answerByWeatherTool, answerCalls, createRouterFlow } from "../../support/flows/router.js";
import {
  createAskNode,
  createSubflow,
  DISABLED_TAB,
  listDeadEnds,
  listOneWays,
  listRoundTrips,
  listWays,
} from "../../support/flows/ways.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

describe("The way of a router's request", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Deploys the usual flow. @param first id of the node at output 2 @param tool id of the node at output 3 */
  async function deploy(first: string, nodes: FlowNode[], tool = "weather"): Promise<void> {
    service().script = answerByWeatherTool;
    answerCalls(runtime(), "weather", () => "sunny");
    await runtime().deploy([
      DISABLED_TAB,
      ...createRouterFlow(service().url, {
        router: { wires: [["out", "collect"], [first], [tool], ["time"]], toolTimeout: 5 },
        more: [createAskNode("again", "router"), ...nodes],
      }),
    ]);
  }

  async function waitForAnswer(): Promise<string> {
    await runtime().waitUntil("finished", ({ length }) => length > 0);
    assert.equal(runtime().getMessages("errors").length, 0);
    return joinPayloads(runtime().getMessages("out"));
  }

  for (const { name, first, nodes } of [...listDeadEnds("again"), ...listOneWays("router")]) {
    it(`refuses a question with configuration at once if output 2 leads to ${name}`, async () => {
      await deploy(first, nodes);
      runtime().inject("router", { payload: "Paris" });
      const [caught] = await runtime().waitUntil("errors", ({ length }) => length > 0);
      await pause();
      const { code, message } = caught!["error"] as FailureData;
      assert.equal(code, "configuration");
      assert.match(message, /output 2/);
      assert.equal(runtime().getMessages("errors").length, 1);
      assert.equal(service().requests.length, 0);
    });

    it(`ends a run with configuration after its tools if output 2 leads to ${name}`, async () => {
      await deploy(first, nodes);
      runtime().inject("ask", { payload: "Paris" });
      const [end] = await runtime().waitForEnds("out");
      await pause();
      const { code, message, partial } = end!.error as FailureData;
      assert.equal(code, "configuration");
      assert.match(message, /output 2/);
      assert.equal(partial, "Let me look. ");
      assert.equal(runtime().getMessages("errors").length, 1);
      assert.equal(runtime().getMessages("unfinished").length, 1);
      assert.equal(service().requests.length, 1);
    });
  }

  for (const { name, first, nodes } of listDeadEnds("weather")) {
    it(`tells the model that a tool is not available at once if its output leads to ${name}`, async () => {
      await deploy("ask", nodes, first);
      runtime().inject("router", { payload: "Paris" });
      assert.match(await waitForAnswer(), /"get_weather" is not available/);
      assert.equal(runtime().getMessages("weather").length, 0);
      const warning = runtime().logs.find(({ id, level }) => id === "router" && level === 30);
      assert.match(String(warning?.msg), /get_weather.*enabled.*output \(3\)/);
    });
  }

  for (const { name, first, nodes } of [...listWays("again"), ...listRoundTrips("router")]) {
    it(`may lead from output 2 through ${name}`, async () => {
      await deploy(first, nodes);
      runtime().inject("router", { payload: "Paris" });
      assert.equal(await waitForAnswer(), "Let me look. It is sunny.");
      await waitUntil(() => service().openStreams === 0);
    });
  }

  for (const { name, first, nodes } of listWays("weather")) {
    it(`may lead to a tool through ${name}`, async () => {
      await deploy("ask", nodes, first);
      runtime().inject("router", { payload: "Paris" });
      assert.equal(await waitForAnswer(), "Let me look. It is sunny.");
    });
  }

  it("may lead out of the router's subflow and back into it", async () => {
    service().script = answerByWeatherTool;
    const func = "msg.payload = 'sunny'; return msg;";
    const [tab, ...flow] = createRouterFlow(service().url);
    await runtime().deploy([
      tab!,
      createSubflow(
        "running",
        ["inner"],
        [0, 1, 2].map((port) => ({ id: "inner", port })),
      ),
      ...flow.flatMap((node) =>
        node.id === "router" ? [{ ...node, id: "inner", z: "running", wires: [[], [], [], []] }] : [node],
      ),
      createFlowNode("subflow:running", "router", [], { wires: [["out", "collect"], ["ask"], ["work"]] }),
      createFlowNode("function", "work", ["router"], { func, outputs: 1, libs: [] }),
    ]);
    runtime().inject("router", { payload: "Paris" });
    assert.equal(await waitForAnswer(), "Let me look. It is sunny.");
  });
});
