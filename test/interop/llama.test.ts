import assert from "node:assert/strict";
import type { Completion } from "../../src/core/chat/chunk.js";
import type { Stats } from "../../src/core/chat/stats.js";
import type { FailureData } from "../../src/core/failure.js";
import type { Message } from "../../src/node-red/red/api.js";
import { createChatStreamNode, createCollectNode, createSinkNode, TAB } from "../support/flows/nodes.js";
import { createRetryNode } from "../support/flows/retry.js";
import { joinPayloads } from "../support/runtime/inbox.js";
import { useRuntime } from "../support/runtime/use-runtime.js";
import { LlamaServer, RUNS_LLAMA } from "./llama/llama-server.js";

const SCHEMA = {
  type: "object",
  properties: { thing: { enum: ["sun", "sea"] }, isOld: { type: "boolean" } },
  required: ["thing", "isOld"],
  additionalProperties: false,
};

/** The same words for the same question, by chance, so that they go round in no circle. */
const OPTIONS = { seed: 7, temperature: 0.7 };

/** A real model, and a server that nobody here wrote. It calls no tools: random weights never write a call. */
(RUNS_LLAMA ? describe : () => {})("Model that llama.cpp runs", () => {
  const runtime = useRuntime();
  const llama = new LlamaServer();
  before(async function () {
    // The first time, it is installed.
    this.timeout(180_000);
    await llama.start(SCHEMA);
  });
  after(() => llama.stop());

  const deploy = (stream: Record<string, unknown> = {}) =>
    runtime().deploy(
      [
        TAB,
        { id: "provider", type: "chat-provider", provider: "custom", api: "chat", baseUrl: llama.baseUrl },
        createChatStreamNode({ wires: [["retry"]], model: "tiny", ...stream }),
        createRetryNode({ attempts: 2, wires: [["out", "collect"], ["ask"], []] }),
        createSinkNode("out"),
        createCollectNode({ parse: stream["responseFormat"] ? "json" : "text" }),
        createSinkNode("finished"),
        createSinkNode("unfinished"),
      ],
      "full",
      { provider: { apiKey: "sk-test" } },
    );

  const ask = async (payload: string, options: Record<string, unknown> = OPTIONS): Promise<Message> => {
    runtime().inject("ask", { payload, options });
    const [end] = await runtime().waitForEnds("out");
    return end!;
  };

  /** Asks without a stream, and without a node. */
  const askDirectly = async (content: string, options: object = OPTIONS): Promise<Completion> => {
    const response = await fetch(`${llama.baseUrl}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "tiny", messages: [{ role: "user", content }], ...options }),
    });
    return (await response.json()) as Completion;
  };

  it("streams word by word what the server answers in one piece, with the same counts and finish reason", async () => {
    await deploy();
    for (const question of ["Tell me a story.", "And another one, with “ü” and 😀."]) {
      const { choices, usage } = await askDirectly(question);
      const { message, finish_reason: reason } = choices[0]!;
      runtime().getMessages("out").length = 0;
      const end = await ask(question);
      assert.equal(end.error, undefined, JSON.stringify(end.error));
      assert.equal(joinPayloads(runtime().getMessages("out")), message.content);
      assert.ok(runtime().getMessages("out").length > 5);
      assert.equal(end.finishReason, reason);
      assert.deepEqual(end.usage, usage);
    }
  });

  it("ends at a text that the request names", async () => {
    await deploy();
    const whole = (await askDirectly("Hello")).choices[0]!.message.content!;
    const words = whole.split(" ");
    const stop = words.slice(3).find((word, at) => word !== "" && words.indexOf(word) === at + 3)!;
    const end = await ask("Hello", { ...OPTIONS, stop: [stop] });
    assert.equal(joinPayloads(runtime().getMessages("out")), whole.slice(0, whole.indexOf(`${stop} `)));
    assert.equal(end.finishReason, "stop");
  });

  it("gives JSON that fits a schema, and the object so far on its way", async () => {
    await deploy({ responseFormat: "json_object", partial: true });
    const end = await ask("Which thing? Answer in JSON.");
    assert.equal(end.error, undefined, JSON.stringify(end.error));
    const [{ payload }] = (await runtime().waitUntil("finished", ({ length }) => length > 0)) as [Message];
    const { thing, isOld } = payload as { thing: string; isOld: boolean };
    assert.ok(["sun", "sea"].includes(thing));
    assert.equal(typeof isOld, "boolean");
    const views = runtime()
      .getMessages("out")
      .flatMap(({ partial }) => (partial === undefined ? [] : [partial]));
    assert.deepEqual(views.at(-1), payload);
    assert.ok(views.length > 2);
  });

  it("stops in the middle, and the next question is answered", async () => {
    await deploy();
    runtime().inject("ask", { payload: "Hello", options: OPTIONS });
    await runtime().waitUntil("out", (messages) => joinPayloads(messages) !== "");
    runtime().inject("ask", { cancel: true });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.finishReason, "cancelled");
    runtime().getMessages("out").length = 0;
    const next = await ask("Tell me a story.");
    assert.equal(next.error, undefined, JSON.stringify(next.error));
    assert.equal(next.finishReason, "stop");
    assert.match(joinPayloads(runtime().getMessages("out")), /^([a-z.]+ )+$/);
  });

  it("says what the server says of a model that it does not have, and asks once", async () => {
    await deploy({ model: "large" });
    const { error, stats } = await ask("Hello");
    const { code, message } = error as FailureData;
    assert.equal(code, "not_found");
    assert.match(message, /Model does not exist/);
    assert.equal((stats as Stats).attempts, 1);
  });
});
