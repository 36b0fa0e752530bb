import assert from "node:assert/strict";
import {
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../support/flows/nodes.js";
import { createRouterNode } from "../support/flows/router.js";
import type { FlowNode } from "../support/runtime/node-red-api.js";
import { useRuntime } from "../support/runtime/use-runtime.js";
import { useService } from "../support/services/use-service.js";
import { pause, waitUntil } from "../support/waiting.js";
import { WEATHER } from "../support/worlds/router-world.js";

describe("Wiring mistakes", () => {
  const runtime = useRuntime();
  const service = useService();

  const deploy = (...nodes: FlowNode[]) =>
    runtime().deploy([
      TAB,
      createProviderNode(service().url),
      ...nodes,
      ...["out", "finished", "unfinished"].map(createSinkNode),
      ...createWitnessNodes("ask"),
    ]);

  /** Asks the node and waits for its error. @returns the sentence, and how many requests the service got */
  async function readError(entry = "ask"): Promise<{ code: unknown; sentence: string; requests: number }> {
    runtime().inject(entry, { payload: "Hi" });
    const [caught] = await runtime().waitUntil("errors", (messages) => messages.length > 0);
    await pause(100);
    const { code, message } = caught!["error"] as { code: unknown; message: string };
    return { code, sentence: message, requests: service().requests.length };
  }

  const warnings = () => runtime().logs.filter(({ level, id }) => level === 30 && id !== undefined);

  it("refuses a chat-stream whose output is wired to its own input, before anything is asked", async () => {
    await deploy(createChatStreamNode({ name: "Ask", wires: [["ask", "out"]] }));
    const { code, sentence, requests } = await readError();
    assert.equal(code, "configuration");
    assert.match(sentence, /^The answer of “Ask” goes back into its own input/);
    assert.equal(requests, 0);
    assert.equal(runtime().getMessages("errors").length, 1);
    assert.equal((await runtime().waitForEnds("out")).length, 1);
  });

  for (const [title, node] of [
    ["a collect node, by either output", createCollectNode({ wires: [["finished"], ["ask"]] })],
    ["a delta-buffer", createFlowNode("delta-buffer", "collect", ["ask"])],
    ["a change node", createFlowNode("change", "collect", ["ask"], { rules: [] })],
  ] as const)
    it(`refuses a way back into a chat-stream through ${title}`, async () => {
      await deploy(createChatStreamNode({ wires: [["collect", "out"]] }), node);
      const { code, requests } = await readError();
      assert.equal(code, "configuration");
      assert.equal(requests, 0);
    });

  it("lets the author's own function or switch go round, since it can stop", async () => {
    await deploy(
      createChatStreamNode({ wires: [["out", "collect"]] }),
      createCollectNode({ wires: [["stop"], []] }),
      createFlowNode("function", "stop", ["ask"], {
        func: "const n = (context.get('n') || 0) + 1; context.set('n', n); return n < 3 ? { payload: 'More' } : null;",
      }),
    );
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("out", 3);
    await pause(50);
    assert.equal(service().requests.length, 3);
  });

  it("refuses a chat-stream that would have another asked once for each chunk, and names both", async () => {
    await deploy(
      createChatStreamNode({ name: "Ask", wires: [["next"]] }),
      createFlowNode("chat-stream", "next", ["out"], { provider: "provider", model: "m", name: "Translate" }),
    );
    const { sentence, requests } = await readError();
    assert.match(
      sentence,
      /^The output of “Ask” leads straight to “Translate”, which would send a request for each chunk\. Put a collect/,
    );
    assert.equal(requests, 0);
  });

  it("asks a second chat-stream behind a delta-buffer once for each sentence", async () => {
    service().script = (reply) => reply.say("One. ", "Two. ");
    await deploy(
      createChatStreamNode({ wires: [["buffer"]] }),
      createFlowNode("delta-buffer", "buffer", ["next"], { mode: "boundary", boundary: "sentence" }),
      createFlowNode("chat-stream", "next", ["out"], { provider: "provider", model: "m" }),
    );
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("out");
    assert.equal(runtime().getMessages("errors").length, 0);
  });

  it("warns once that http response answers with the first chunk only", async () => {
    await deploy(
      createChatStreamNode({ name: "Ask", wires: [["response", "out"]] }),
      createFlowNode("http response", "response", []),
    );
    for (const payload of ["Hi", "Again"]) runtime().inject("ask", { payload });
    await runtime().waitForEnds("out", 2);
    const texts = warnings()
      .filter(({ id }) => id === "ask")
      .map(({ msg }) => String(msg));
    assert.equal(texts.length, 1);
    assert.match(texts[0]!, /^The output of “Ask” leads straight to an http response node/);
  });

  it("warns once if the HTTP request of a failed answer gets no response, since output 2 of collect has no wire", async () => {
    service().script = (reply) => reply.sendJson(503, {});
    await deploy(createChatStreamNode({ wires: [["collect"]] }), {
      ...createCollectNode({ wires: [["finished"], []] }),
    });
    for (const payload of ["Hi", "Again"]) runtime().inject("ask", { payload, res: {} });
    const find = () => warnings().filter(({ id }) => id === "collect");
    await waitUntil(() => find().length > 0);
    await runtime().waitUntil("errors", (messages) => messages.length === 2);
    await pause(50);
    assert.deepEqual(
      find().map(({ msg }) => msg),
      [
        "The HTTP request of this answer gets no response: the answer went to output 2, which has no wire. Wire output 2 to an http response node, too.",
      ],
    );
  });

  it("warns of no HTTP request if output 2 of collect is wired, or if nobody waits", async () => {
    service().script = (reply) => reply.sendJson(503, {});
    await deploy(
      createChatStreamNode({ wires: [["collect", "other"]] }),
      createCollectNode({ wires: [["finished"], ["unfinished"]] }),
      { ...createCollectNode({ wires: [["finished"], []] }), id: "other" },
    );
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitUntil("unfinished", (messages) => messages.length === 1);
    assert.deepEqual(warnings(), []);
  });

  it("warns once of a retry behind a collect, where no stream arrives that it could repeat", async () => {
    service().script = (reply) => reply.say("Hi");
    await deploy(
      createChatStreamNode({ name: "Ask", wires: [["collect"]] }),
      createCollectNode({ wires: [["retry"], ["retry"]] }),
      { ...createFlowNode("retry", "retry", []), wires: [["finished"], ["ask"], []] },
    );
    for (const payload of ["Hi", "Again"]) runtime().inject("ask", { payload });
    await runtime().waitUntil("finished", (messages) => messages.length === 2);
    assert.deepEqual(
      warnings().map(({ msg }) => msg),
      [
        "Nothing repeats a failed answer of “Ask”: a retry node stands behind a collect node, where no stream arrives. Wire it before that node.",
      ],
    );
  });

  it("warns of no retry that stands before collect, or behind the next chat-stream", async () => {
    service().script = (reply) => reply.say("Hi");
    await deploy(
      createChatStreamNode({ wires: [["retry"]] }),
      { ...createFlowNode("retry", "retry", []), wires: [["collect"], ["ask"], []] },
      createCollectNode({ wires: [["next"], []] }),
      createFlowNode("chat-stream", "next", ["again"], { provider: "provider", model: "m" }),
      { ...createFlowNode("retry", "again", []), wires: [["finished"], ["next"], []] },
    );
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("finished");
    assert.deepEqual(warnings(), []);
  });

  it("says in the error that retry had no wire to ask again by", async () => {
    service().script = (reply) => reply.sendJson(503, {});
    await deploy(createChatStreamNode({ wires: [["retry"]] }), {
      ...createFlowNode("retry", "retry", []),
      wires: [["out"], [], []],
    });
    const { sentence, requests } = await readError();
    assert.match(
      sentence,
      /^The service is overloaded \(503\).* The request was not repeated, because output 2 of the retry node has no wire\./,
    );
    assert.equal(requests, 1);
  });

  it("warns once if a question bypasses the tool-call-router, so that the model was offered no tools", async () => {
    await deploy(
      createChatStreamNode({ wires: [["router"]] }),
      createRouterNode({ wires: [["out"], ["ask"], []], tools: [WEATHER] }),
    );
    for (const payload of ["Hi", "Again"]) runtime().inject("ask", { payload });
    await runtime().waitForEnds("out", 2);
    await waitUntil(() => warnings().length > 0, "a warning");
    assert.deepEqual(
      warnings().map(({ id }) => id),
      ["router"],
    );
    assert.match(String(warnings()[0]!.msg), /^An answer passed whose question did not go through this node/);
    runtime().inject("router", { payload: "With tools" });
    await runtime().waitForEnds("out", 3);
    assert.equal(warnings().length, 1);
  });

  for (const [title, wires] of [
    ["outputs 1 and 2 are swapped", [["ask"], ["out"], []]],
    ["output 2 leads nowhere", [["out"], [], []]],
    ["output 2 leads to a disabled node", [["out"], ["off"], []]],
  ] as const)
    it(`ends a question to a tool-call-router at once if ${title}`, async () => {
      await deploy(
        createChatStreamNode({ wires: [["router"]] }),
        createRouterNode({ wires, tools: [WEATHER] }),
        createFlowNode("chat-stream", "off", ["router"], { provider: "provider", model: "m", d: true }),
      );
      const { code, sentence, requests } = await readError("router");
      assert.equal(code, "configuration");
      assert.match(sentence, /output 2 \(to/);
      assert.equal(requests, 0);
    });
});
