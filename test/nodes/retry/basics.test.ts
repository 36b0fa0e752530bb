import assert from "node:assert/strict";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { createRetryFlow, createRetryNode } from "../../support/flows/retry.js";
import { groupByStream, joinPayloads } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

const broken: Script = async (reply) => {
  await reply.sendApart("Once", " upon", " a");
  reply.drop();
};
const refused: Script = (reply) => reply.sendJson(500, {});
const rest: Script = (reply) => reply.say(" time there", " was");

describe("A retry node in a flow", () => {
  const service = useService();
  const runtime = useRuntime();
  const ask = (message: Message = {}) => runtime().inject("ask", { payload: "Hi", ...message });
  const statusTexts = () =>
    runtime()
      .statuses.messages.filter(({ id }) => id === "retry")
      .map(({ status }) => status?.text);

  it("joins a broken answer and its continuation to one stream", async () => {
    service().queue.push(broken, rest);
    await runtime().deploy(createRetryFlow(service().url));
    ask({ topic: "t" });
    const [end] = await runtime().waitForEnds("out");
    const messages = runtime().getMessages("out");
    assert.equal(joinPayloads(messages), "Once upon a time there was");
    assert.equal(groupByStream(messages).length, 1);
    assert.equal((end!.stats as { attempts: number }).attempts, 2);
    assert.ok(messages.every(({ topic }) => topic === "t"));
    await waitUntil(() => runtime().getMessages("finished").length === 1);
    assert.equal(runtime().getMessages("finished")[0]!.payload, "Once upon a time there was");
    assert.equal(runtime().getMessages("errors").length, 0);
  });

  it("reports a final failure once instead of the chat-stream, and sends it as the end of the stream", async () => {
    service().script = refused;
    await runtime().deploy(createRetryFlow(service().url, { retry: { attempts: 2 } }));
    ask();
    const [end] = await runtime().waitForEnds("out");
    assert.equal((end!.error as FailureData).code, "server_error");
    await waitUntil(() => runtime().getMessages("errors").length === 1);
    await pause();
    const [caught] = runtime().getMessages("errors");
    const { code, source, cause } = caught!.error as Record<string, Record<string, unknown>>;
    assert.equal(code, "server_error");
    assert.equal(source!["type"], "retry");
    assert.match(String(cause!["message"]), /Given up after 2 attempts/);
    assert.equal(runtime().getMessages("errors").length, 1);
  });

  it("shows the wait for the next attempt in its status, and nothing when the stream is over", async () => {
    service().queue.push((reply) => reply.sendJson(429, {}, { "retry-after-ms": "300" }), rest);
    await runtime().deploy(createRetryFlow(service().url, { retry: { attempts: 4 } }));
    ask();
    await waitUntil(() => statusTexts().some(Boolean));
    assert.equal(statusTexts().find(Boolean), "retry 2/4 in 1 s");
    await runtime().waitForEnds("out");
    await waitUntil(() => statusTexts().at(-1) === undefined);
  });

  it("makes join (automatic) forget an answer that starts over", async () => {
    service().queue.push(broken, (reply) => reply.say("Once", " more"));
    await runtime().deploy([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["retry"]] }),
      createRetryNode({ wires: [["join"], ["ask"], []], afterText: "restart" }),
      createFlowNode("join", "join", ["out"], { mode: "auto", build: "string", joiner: "" }),
      createSinkNode("out"),
    ]);
    ask();
    await runtime().waitUntil("out", (messages) => messages.length > 0);
    assert.equal(runtime().getMessages("out")[0]!.payload, "Once more");
  });

  it("works between split and join", async () => {
    service().script = async (reply, { body }) => {
      const [{ content }, ...more] = body["messages"] as [{ content: string }];
      await reply.sendApart(more.length > 0 ? content.toUpperCase() : content);
      if (more.length > 0) reply.finish();
      else reply.drop();
    };
    await runtime().deploy([
      TAB,
      createProviderNode(service().url),
      createFlowNode("split", "split", ["ask"], { arraySplt: 1, arraySpltType: "len" }),
      createChatStreamNode({ wires: [["retry"]] }),
      createRetryNode({ wires: [["collect"], ["ask"], []], afterText: "continue" }),
      createCollectNode({ wires: [["join"], []] }),
      createFlowNode("join", "join", ["out"], { mode: "auto" }),
      createSinkNode("out"),
    ]);
    runtime().inject("split", { payload: ["a", "b", "c"] });
    await runtime().waitUntil("out", (messages) => messages.length > 0);
    assert.deepEqual(runtime().getMessages("out")[0]!.payload, ["aA", "bB", "cC"]);
  });

  it("repairs hundreds of streams at the same time, each with its own text", async () => {
    const streams = 300;
    service().script = async (reply, { body }) => {
      const messages = body["messages"] as { role: string; content: string }[];
      const name = messages[0]!.content;
      const started = messages.find(({ role }) => role === "assistant");
      if (started) {
        await reply.sendApart(` goes on ${name}`);
        reply.finish();
      } else {
        await reply.sendApart(name);
        reply.drop();
      }
    };
    await runtime().deploy(
      createRetryFlow(service().url, { service: { maxConcurrent: 100, maxQueued: 1000 } }),
    );
    for (let nth = 0; nth < streams; nth++) ask({ payload: `no. ${nth}`, topic: nth });
    await waitUntil(() => runtime().getMessages("finished").length === streams, "all are repaired");
    for (const { payload, topic } of runtime().getMessages("finished"))
      assert.equal(payload, `no. ${topic} goes on no. ${topic}`);
    assert.equal(runtime().getMessages("errors").length, 0);
    assert.equal(service().requests.length, 2 * streams);
  });

  it("reports wrong wiring if a Catch node is wired into it, without a loop", async () => {
    service().script = refused;
    const flow = createRetryFlow(service().url, { stream: { wires: [["out"]] } });
    flow.find(({ id }) => id === "catch")!.wires = [["errors", "retry"]];
    await runtime().deploy(flow as FlowNode[]);
    ask();
    await waitUntil(() => runtime().getMessages("errors").length >= 2);
    await pause();
    const codes = runtime()
      .getMessages("errors")
      .map(({ error }) => (error as { code: string }).code);
    assert.deepEqual(codes, ["server_error", "configuration"]);
    assert.equal(service().requests.length, 1);
  });

  for (const type of ["full", "flows", "nodes"] as const) {
    it(`R09: drops waiting retries at a redeploy (${type}) and sends no request`, async () => {
      service().script = (reply) => reply.sendJson(429, {}, { "retry-after-ms": "900" });
      const flow = createRetryFlow(service().url);
      await runtime().deploy(flow);
      for (let nth = 0; nth < 5; nth++) ask();
      await waitUntil(() => runtime().inputs.get("retry")?.got === 5);
      const waiting = () => runtime().inputs.get("retry")!.got - runtime().inputs.get("retry")!.done;
      assert.equal(waiting(), 5);
      await runtime().deploy(
        flow.map((one) => (one.id === "retry" || type === "full" ? { ...one, name: "new" } : one)),
        type,
      );
      await pause(20);
      assert.equal(waiting(), 0, "all is done");
      assert.equal(statusTexts().at(-1), undefined);
      assert.equal(runtime().getMessages("out").length, 0);
      assert.equal(service().requests.length, 5);
    });
  }

  it("reads numbers from text, and uses the defaults for values that are not valid", async () => {
    service().script = refused;
    const retry = { attempts: "2.5", delay: "1", maxDelay: "x", afterText: "Continue", continueBy: "Quote" };
    await runtime().deploy(createRetryFlow(service().url, { retry }));
    ask();
    await runtime().waitForEnds("out");
    assert.equal(service().requests.length, 2);
    service().queue.push(broken, rest);
    ask();
    await runtime().waitForEnds("out", 2);
    assert.ok(
      runtime()
        .getMessages("out")
        .every((message) => message["reset"] === undefined),
    );
  });

  it("sends a stream that arrives by two wires to each reader in full", async () => {
    service().queue.push(broken, rest);
    const flow = createRetryFlow(service().url, { stream: { wires: [["direct", "retry"]] } });
    await runtime().deploy([...flow, createSinkNode("direct")]);
    ask();
    await runtime().waitForEnds("out");
    assert.equal(joinPayloads(runtime().getMessages("out")), "Once upon a time there was");
    const [first, second] = groupByStream(runtime().getMessages("direct"));
    assert.equal(joinPayloads(first!), "Once upon a");
    assert.equal(joinPayloads(second!), " time there was");
  });

  it("repairs streams through a change node, which makes the chat-stream report the failure too", async () => {
    service().queue.push(broken, rest);
    const flow = createRetryFlow(service().url, { stream: { wires: [["between"]] } });
    await runtime().deploy([
      ...flow,
      createFlowNode("change", "between", ["retry"], {
        rules: [{ t: "set", p: "seen", pt: "msg", to: "1", tot: "num" }],
      }),
    ]);
    ask();
    await runtime().waitForEnds("out");
    assert.equal(joinPayloads(runtime().getMessages("out")), "Once upon a time there was");
    assert.equal(runtime().getMessages("errors").length, 1);
  });
});

describe("A retry node with a fallback", () => {
  const service = useService();
  const other = useService();
  const runtime = useRuntime();

  function flow(retry: Record<string, unknown> = {}): FlowNode[] {
    return [
      ...createRetryFlow(service().url, { retry, fallback: ["second"] }),
      { id: "provider2", type: "chat-provider", provider: "custom", baseUrl: other().url },
      {
        ...createChatStreamNode({
          wires: [["retry"]],
          provider: "provider2",
          model: "model-2",
          temperature: "0.2",
        }),
        id: "second",
      },
      ...createWitnessNodes("second").map((one) => ({ ...one, id: `${one.id}2`, wires: [] })),
    ];
  }

  it("continues a broken answer with the fallback if the first service has no attempts left", async () => {
    service().script = broken;
    other().script = rest;
    await runtime().deploy(flow({ attempts: 1 }));
    runtime().inject("ask", {
      payload: "Hi",
      model: "mine",
      options: { temperature: 1 },
      tools: [{ type: "function" }],
    });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(joinPayloads(runtime().getMessages("out")), "Once upon a time there was");
    assert.equal(groupByStream(runtime().getMessages("out")).length, 1);
    assert.equal((end!.stats as { attempts: number }).attempts, 2);
    const { body } = other().requests[0]!;
    assert.equal(body["model"], "model-2", "its own model");
    assert.equal(body["temperature"], 0.2, "and parameters");
    assert.deepEqual(body["tools"], [{ type: "function" }]);
    assert.equal((body["messages"] as unknown[]).length, 3, "the text so far is quoted");
    assert.equal(runtime().getMessages("errors").length, 0);
  });

  it("gives the fallback attempts of its own, and fails after them", async () => {
    service().script = refused;
    other().script = refused;
    await runtime().deploy(flow({ attempts: 2 }));
    runtime().inject("ask", { payload: "Hi" });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(service().requests.length, 2);
    assert.equal(other().requests.length, 2);
    assert.match((end!.error as FailureData).message, /Given up after 4 attempts/);
    await waitUntil(() => runtime().getMessages("errors").length === 1);
  });

  it("asks the fallback at once if the first service cannot succeed: no credit, a long wait, a wrong key", async () => {
    other().script = (reply) => reply.say("Hello");
    await runtime().deploy(flow());
    service().queue.push(
      (reply) => reply.sendJson(402, { error: { message: "Insufficient credits" } }),
      (reply) => reply.sendJson(429, {}, { "retry-after": "3600" }),
      (reply) => reply.sendJson(401, {}),
    );
    for (let nth = 0; nth < 3; nth++) runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("out", 3);
    assert.equal(service().requests.length, 3);
    assert.equal(other().requests.length, 3);
    assert.equal(joinPayloads(runtime().getMessages("out")), "HelloHelloHello");
  });

  it("does not ask the fallback if the request itself is wrong", async () => {
    service().script = (reply) => reply.sendJson(400, { error: { message: "temperature is too high" } });
    await runtime().deploy(flow());
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("out");
    assert.equal(other().requests.length, 0);
    await waitUntil(() => runtime().getMessages("errors").length === 1);
  });

  it("asks neither service if the request is larger than any service gets it", async () => {
    await runtime().deploy(flow());
    runtime().inject("ask", { payload: "x".repeat(17 * 1024 * 1024) });
    const [end] = await runtime().waitForEnds("out");
    const { code, retryable, message } = end!.error as FailureData;
    assert.deepEqual([code, retryable], ["limit", false]);
    assert.match(message, /more than the limit of 16777216\. Send a shorter conversation/);
    assert.equal(service().requests.length + other().requests.length, 0);
    await waitUntil(() => runtime().getMessages("errors").length === 1);
  });

  it("asks the fallback at once if output 2 is not wired", async () => {
    service().script = refused;
    other().script = (reply) => reply.say("Hello");
    await runtime().deploy(flow({ wires: [["out"], [], ["second"]] }));
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("out");
    assert.equal(service().requests.length, 1);
    assert.equal(joinPayloads(runtime().getMessages("out")), "Hello");
  });

  it("joins the stream of a fallback that has a retry node of its own", async () => {
    service().script = broken;
    other().queue.push(refused, async (reply) => {
      await reply.sendApart(" time");
      reply.drop();
    });
    other().script = (reply) => reply.say(" there was");
    const nodes = flow({ attempts: 1 }).map((one) =>
      one.id === "second" ? { ...one, wires: [["inner"]] } : one,
    );
    await runtime().deploy([
      ...nodes,
      { ...createRetryNode({ wires: [["retry"], ["second"], []], attempts: 4 }), id: "inner" },
    ]);
    runtime().inject("ask", { payload: "Hi" });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(joinPayloads(runtime().getMessages("out")), "Once upon a time there was");
    assert.equal(groupByStream(runtime().getMessages("out")).length, 1);
    assert.equal(end!.parts!.count, runtime().getMessages("out").length);
    assert.equal(other().requests.length, 3);
    assert.equal((end!.stats as { attempts: number }).attempts, 4);
    assert.ok(
      runtime()
        .getMessages("out")
        .every((message) => !("retry" in message)),
    );
    assert.equal(runtime().getMessages("errors").length, 0);
  });
});
