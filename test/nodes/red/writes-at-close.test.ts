import assert from "node:assert/strict";
import {
  createAskFlow,
  createChatStreamNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { answerByWeatherTool, createRouterFlow } from "../../support/flows/router.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { TestRuntime } from "../../support/runtime/node-red-runtime.js";
import { createSlowStore } from "../../support/runtime/slow-store.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";

/** A node that writes to a context store. */
interface Writer {
  name: string;
  script: Script;
  createFlow(url: string): FlowNode[];
  /** The node that is asked. */
  asked: string;
  /** Key of the value that it writes. */
  key: RegExp;
}

const WRITERS: readonly Writer[] = [
  {
    name: "the conversation of a chat-stream",
    script: (reply) => reply.say("Hello"),
    createFlow: (url) => createAskFlow(url, { conversation: "flow" }),
    asked: "ask",
    key: /^conversations\["ada"\]$/,
  },
  {
    name: "what a budget has spent",
    script: (reply) => reply.say("Hello"),
    createFlow: (url) => [
      TAB,
      createProviderNode(url),
      {
        ...createFlowNode("budget", "closing-budget", [], {
          limit: 10,
          unit: "requests",
          window: "day",
          store: "default",
        }),
        wires: [["out"], ["ask"], [], []],
      },
      createChatStreamNode({ wires: [["closing-budget"]] }),
      createSinkNode("out"),
      ...createWitnessNodes("closing-budget"),
    ],
    asked: "closing-budget",
    key: /^budget_/,
  },
  {
    name: "the run of a tool-call-router",
    script: answerByWeatherTool,
    createFlow: (url) => createRouterFlow(url, { router: { keepRuns: "default" } }),
    asked: "router",
    key: /^runs\[/,
  },
];

describe("What a node is writing when it is closed", () => {
  const service = useService();
  let runtime: TestRuntime | undefined;
  afterEach(async () => {
    await runtime?.stop();
    runtime = undefined;
  });

  /** Asks, and waits until the node begins to write. */
  async function startWriting(
    { script, createFlow, asked, key }: Writer,
    faults: object = {},
  ): Promise<{ runtime: TestRuntime; data: Map<string, string> }> {
    service().script = script;
    const data = new Map<string, string>();
    const written: string[] = [];
    const module = createSlowStore(data, {
      onWrite: (name) => written.push(name),
      writeMs: 150,
      ...faults,
    });
    runtime = await TestRuntime.start({ settings: { contextStorage: { default: { module } } } });
    await runtime.deploy(createFlow(service().url));
    runtime.inject(asked, { payload: "Hi", topic: "ada" });
    await waitUntil(() => written.some((name) => key.test(name)), "a write has begun");
    assert.deepEqual([...data.keys()], []);
    return { runtime, data };
  }

  for (const writer of WRITERS) {
    it(`is stored before Node-RED goes on: ${writer.name}`, async () => {
      const { runtime: red, data } = await startWriting(writer);
      await red.deploy([]);
      assert.ok([...data.keys()].some((key) => writer.key.test(key)));
      assert.doesNotMatch(JSON.stringify(red.logs), /was still writing/);
    });

    it(`holds no deploy up for long if the store never answers: ${writer.name}`, async () => {
      const { runtime: red } = await startWriting(writer, { lostWrites: writer.key });
      await red.deploy([]);
      assert.match(JSON.stringify(red.logs), /The context store was still writing when this node was closed/);
    });
  }

  it("is what a budget spent last, though nothing was written yet", async () => {
    const budget = WRITERS[1]!;
    service().script = budget.script;
    const data = new Map<string, string>();
    const module = createSlowStore(data, { writeMs: 50 });
    runtime = await TestRuntime.start({ settings: { contextStorage: { default: { module } } } });
    await runtime.deploy(budget.createFlow(service().url));
    runtime.inject(budget.asked, { payload: "Hi" });
    await runtime.waitForEnds("out");
    await runtime.red.stop();
    assert.equal(data.size, 1, "it is stored when Node-RED has stopped");
  });
});
