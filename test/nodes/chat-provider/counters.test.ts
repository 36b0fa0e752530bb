import assert from "node:assert/strict";
import type { ProviderCounters } from "../../../src/node-red/chat-provider/counters.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { createAskFlow, createFlowNode, createSinkNode } from "../../support/flows/nodes.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Reply } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";

describe("The counters of a provider", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Sends `msg.readCounters` to a node. @returns what arrives at a sink */
  async function read(sink = "out"): Promise<ProviderCounters> {
    const isReport = (message: Message) => message["readCounters"] === true;
    const known = runtime().getMessages(sink).filter(isReport).length;
    runtime().inject("ask", { readCounters: true, topic: "t" });
    await waitUntil(() => runtime().getMessages(sink).filter(isReport).length > known);
    const report = runtime().getMessages(sink).filter(isReport).at(-1)!;
    assert.equal(report.topic, "t");
    assert.equal(report.parts, undefined);
    return report.payload as ProviderCounters;
  }

  it("tell what runs, waits, was asked, failed and was stopped, and the tokens", async () => {
    const held: Reply[] = [];
    service().script = (reply) => {
      reply.send("a");
      held.push(reply);
    };
    const before = Date.now();
    await runtime().deploy(createAskFlow(service().url, {}, { name: "House", maxConcurrent: 2 }));
    for (const payload of ["1", "2", "3"]) runtime().inject("ask", { payload });
    await waitUntil(() => held.length === 2);
    const { since, ...busy } = await read();
    assert.ok(since >= before && since <= Date.now());
    const tokens = { input: 0, output: 0 };
    assert.deepEqual(busy, {
      ...{ provider: "House", running: 2, waiting: 1, asked: 3, failed: 0, cancelled: 0, tokens },
    });

    held[0]!.finish("stop", { prompt_tokens: 5, completion_tokens: 7 });
    held[1]!.drop();
    await waitUntil(() => held.length === 3);
    runtime().inject("ask", { cancel: true });
    await runtime().waitForEnds("out", 3);
    const { since: _, ...idle } = await read();
    assert.deepEqual(idle, {
      ...{ provider: "House", running: 0, waiting: 0, asked: 3, failed: 1, cancelled: 1 },
      tokens: { input: 5, output: 7 },
    });
  });

  it("count a request that is stopped or refused before its turn", async () => {
    service().script = (reply) => void reply.send("a");
    await runtime().deploy(createAskFlow(service().url, {}, { maxConcurrent: 1, maxQueued: 1 }));
    for (const payload of ["1", "2", "3"]) runtime().inject("ask", { payload });
    await runtime().waitForEnds("out", 1);
    assert.deepEqual((({ running, waiting, failed }) => [running, waiting, failed])(await read()), [1, 1, 1]);
    runtime().inject("ask", { cancel: true });
    await runtime().waitForEnds("out", 3);
    const { running, waiting, asked, cancelled } = await read();
    assert.deepEqual([running, waiting, asked, cancelled], [0, 0, 3, 2]);
  });

  it("begin anew with a deploy of the provider", async () => {
    await runtime().deploy(createAskFlow(service().url));
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("out");
    assert.equal((await read()).asked, 1);
    await runtime().deploy(createAskFlow(service().url));
    assert.equal((await read()).asked, 0);
  });

  it("pass every node that reads streams, and no node takes them for a question", async () => {
    const chain = ["budget", "retry", "tool-call-router", "delta-buffer", "speech-stream", "collect"];
    const nodes = chain.map((type, at): FlowNode => {
      const next = chain[at + 1] ?? "out";
      const wires = type === "retry" || type === "tool-call-router" ? [[next], ["ask"]] : [[next]];
      return { ...createFlowNode(type, type, []), provider: "provider", wires };
    });
    await runtime().deploy([...createAskFlow(service().url, { wires: [["budget"]] }), ...nodes]);
    assert.equal((await read()).asked, 0);
    assert.equal(service().requests.length, 0);
  });

  it("are an error if the chat-stream has no provider", async () => {
    await runtime().deploy([...createAskFlow(service().url, { provider: "" }), createSinkNode("elsewhere")]);
    runtime().inject("ask", { readCounters: true });
    await waitUntil(() => runtime().getMessages("errors").length === 1);
    assert.equal(runtime().getMessages("out").length, 0);
  });
});
