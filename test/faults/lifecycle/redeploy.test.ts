import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createAskFlow,
  createChatStreamNode,
  createCollectNode,
  createProviderNode,
  createSinkNode,
  TAB,
} from "../../support/flows/nodes.js";
import { groupByStream, joinPayloads } from "../../support/runtime/inbox.js";
import type { DeployType, FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { FORMS } from "../../support/services/answer-writer.js";
import type { ServiceRequest } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { assertPrompt } from "../../support/speed.js";
import { pause, waitUntil } from "../../support/waiting.js";

/** How many streams run when the flow is deployed. */
const STREAM_COUNT = 10;

for (const api of FORMS) {
  describe(`Redeploy while a service answers in the form ${api}`, () => {
    const service = useService();
    const runtime = useRuntime();

    /** Every answer goes on until its client leaves, a few characters each time. */
    beforeEach(() => {
      service().script = async (reply, { gone }) => {
        let hasLeft = false;
        void gone.then(() => {
          hasLeft = true;
        });
        for (let at = 0; !hasLeft; at++) await reply.sendApart(`${at} `);
      };
    });

    afterEach(() => {
      const place = api === "chat" ? "/chat/completions" : "/responses";
      for (const { path } of service().requests) assert.ok(path.endsWith(place), path);
    });

    /** Deploys a flow and starts streams in it. @returns their requests, once all streams have begun */
    async function startStreams(flow: FlowNode[], count = STREAM_COUNT): Promise<ServiceRequest[]> {
      await runtime().deploy(flow);
      for (let at = 0; at < count; at++) runtime().inject("ask", { payload: `${at}` });
      await runtime().waitUntil(
        "out",
        (messages) => groupByStream(messages).length === count && messages.length > 3 * count,
      );
      return [...service().requests];
    }

    /** Deploys another flow and asserts that the old streams end within a second and send nothing more. */
    async function assertReplaced(
      flow: FlowNode[],
      type: DeployType,
      requests: ServiceRequest[],
    ): Promise<void> {
      const old = new Set(
        runtime()
          .getMessages("out")
          .map(({ parts }) => parts!.id),
      );
      await assertPrompt(1_000, () => runtime().deploy(flow, type));
      await pause(1);
      const arrived = runtime().arrivals.size;
      const statuses = runtime().statuses.messages.filter(({ id }) => id === "ask");
      assert.deepEqual(statuses.at(-1)?.status?.text, undefined);
      await Promise.all(requests.map(({ gone }) => gone));
      await pause(40);
      const late = runtime()
        .arrivals.messages.slice(arrived)
        .filter(({ message }) => old.has(message.parts?.id ?? ""));
      assert.deepEqual(late, []);
      assert.deepEqual(runtime().inputs.get("ask"), { got: STREAM_COUNT, done: STREAM_COUNT });
      assert.ok(
        !runtime()
          .getMessages("out")
          .some(({ complete }) => complete),
      );
      assert.equal(runtime().getMessages("errors").length, 0);
    }

    /** Asserts that the flow answers a new question and sends no old messages. */
    async function assertWorks(asker = "ask"): Promise<void> {
      runtime().clearMessages();
      service().script = (reply) => reply.say("new");
      runtime().inject(asker, { payload: "Hi" });
      await runtime().waitForEnds("out");
      assert.equal(joinPayloads(runtime().getMessages("out")), "new");
    }

    const changeNode = (flow: FlowNode[], id: string, change: Record<string, unknown>) =>
      flow.map((node) => (node.id === id ? { ...node, ...change } : node));

    it("R01: ends running streams without a message if everything is deployed, and the new flow works", async () => {
      const flow = createAskFlow(service().url, {}, { api, maxConcurrent: 100 });
      await assertReplaced(flow, "full", await startStreams(flow));
      await assertWorks();
    });

    it("R02: ends the streams of a changed chat-stream without a message, and the new chat-stream works", async () => {
      const flow = createAskFlow(service().url, {}, { api, maxConcurrent: 100 });
      await assertReplaced(changeNode(flow, "ask", { model: "model-2" }), "nodes", await startStreams(flow));
      await assertWorks();
      assert.equal(service().requests.at(-1)!.body["model"], "model-2");
    });

    it("R03: ends the streams of a changed flow without a message, and the new flow works", async () => {
      const flow = createAskFlow(service().url, {}, { api, maxConcurrent: 100 });
      await assertReplaced(changeNode(flow, "ask", { model: "model-2" }), "flows", await startStreams(flow));
      await assertWorks();
    });

    it("R04: lets a stream go on if a node behind it is changed, and sends the rest to the new node", async () => {
      let resume = () => {};
      service().script = async (reply) => {
        await reply.sendApart("a", "b", "c");
        await new Promise<void>((resolve) => {
          resume = resolve;
        });
        await reply.sendApart("d", "e");
        reply.finish();
      };
      const flow = createAskFlow(service().url, {}, { api });
      await runtime().deploy(flow);
      runtime().inject("ask", { payload: "Hi" });
      await runtime().waitUntil("out", (messages) => messages.length === 3);
      await runtime().deploy(changeNode(flow, "out", { name: "renamed" }), "nodes");
      resume();
      const [last] = await runtime().waitForEnds("out");
      assert.equal(last!.finishReason, "stop");
      assert.equal(joinPayloads(runtime().getMessages("out")), "abcde");
      const deploys = runtime()
        .arrivals.messages.filter((arrival) => arrival.sink === "out")
        .map(({ deploy }) => deploy);
      assert.deepEqual(
        deploys.map((deploy) => deploy - deploys[0]!),
        [0, 0, 0, 1, 1, 1],
      );
    });

    for (const type of ["full", "flows", "nodes"] as const) {
      it(`R05: restarts the nodes that use a changed provider (${type})`, async () => {
        const flow = createAskFlow(service().url, {}, { api, maxConcurrent: 100 });
        await assertReplaced(
          changeNode(flow, "provider", { idleTimeout: 5 }),
          type,
          await startStreams(flow),
        );
        await assertWorks();
      });

      it(`R05: ends the streams of a deleted provider (${type}), and fails the next message with configuration`, async () => {
        const flow = createAskFlow(service().url, {}, { api, maxConcurrent: 100 });
        const requests = await startStreams(flow);
        await runtime().deploy(
          flow.filter(({ id }) => id !== "provider"),
          type,
        );
        await Promise.all(requests.map(({ gone }) => gone));
        runtime().clearMessages();
        runtime().inject("ask", { payload: "Hi" });
        const filterErrors = (messages: Message[]) => messages.filter(({ error }) => error !== undefined);
        const [last] = filterErrors(
          await runtime().waitUntil("out", (messages) => filterErrors(messages).length > 0),
        );
        assert.equal((last!.error as { code: string }).code, "configuration");
      });
    }

    it("R06: ends the streams of a deleted chat-stream", async () => {
      const flow = createAskFlow(service().url, {}, { api, maxConcurrent: 100 });
      const requests = await startStreams(flow);
      const other = { ...createChatStreamNode(), id: "other" };
      await assertReplaced([...flow.filter(({ id }) => id !== "ask"), other], "nodes", requests);
      await assertWorks("other");
    });

    it("R06: ends the streams of a disabled tab", async () => {
      const flow = createAskFlow(service().url, {}, { api, maxConcurrent: 100 });
      await assertReplaced(changeNode(flow, "tab", { disabled: true }), "flows", await startStreams(flow));
    });

    it("R08: ignores a message that reaches a chat-stream after its redeploy", async () => {
      const flow = createAskFlow(service().url, {}, { api });
      await runtime().deploy(flow);
      const old = runtime().getNode("ask");
      const deployed = runtime().deploy(changeNode(flow, "ask", { model: "model-2" }), "nodes");
      old.receive({ payload: "Hi" });
      await deployed;
      old.receive({ payload: "Hi" });
      await pause();
      assert.ok(service().requests.length <= 1);
      assert.ok(
        !runtime()
          .getMessages("out")
          .some(({ complete }) => complete),
      );
    });

    it("R11: drops what collect holds, so that nothing of it reaches the new flow", async () => {
      const flow = [
        TAB,
        createProviderNode(service().url, { api }),
        createChatStreamNode({ wires: [["collect"]] }),
        createCollectNode({ wires: [["out"], ["out"]] }),
        createSinkNode("out"),
        createSinkNode("errors"),
      ];
      for (const type of ["full", "flows", "nodes"] as const) {
        await runtime().deploy(flow);
        runtime().inject("ask", { payload: "Hi" });
        await waitUntil(() => (runtime().inputs.get("collect")?.got ?? 0) > 5, "collect holds messages");
        await runtime().deploy(changeNode(flow, "collect", { parse: type }), type);
        await runtime().deploy(changeNode(flow, "ask", { model: type }), type);
        await pause();
        assert.equal(runtime().getMessages("out").length, 0);
        runtime().clearRecords();
      }
    });

    it("leaves nothing behind after a hundred deploys of three kinds while ten streams run", async () => {
      const flow = createAskFlow(service().url, {}, { api, maxConcurrent: 100 });
      await runtime().deploy(flow);
      const types = ["full", "flows", "nodes"] as const;
      for (let at = 0; at < 99; at++) {
        runtime().clearRecords();
        for (let stream = 0; stream < STREAM_COUNT; stream++) runtime().inject("ask", { payload: "Hi" });
        await runtime().waitUntil("out", (messages) => messages.length >= STREAM_COUNT);
        await runtime().deploy(changeNode(flow, "ask", { model: `model-${at}` }), types[at % 3]);
        await pause(1);
        const arrived = runtime().arrivals.size;
        await pause(10);
        assert.equal(
          runtime().arrivals.size,
          arrived,
          `messages of an old stream after a ${types[at % 3]} deploy`,
        );
      }
      await waitUntil(() => service().openStreams === 0, "the service has no open request");
    });
  });
}
