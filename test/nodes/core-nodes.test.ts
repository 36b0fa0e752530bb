import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Message } from "../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  TAB,
} from "../support/flows/nodes.js";
import { waitForEnds } from "../support/runtime/inbox.js";
import { useHelper } from "../support/runtime/use-helper.js";
import { createChunk, type Script } from "../support/services/scripted-service.js";
import { useService } from "../support/services/use-service.js";
import { pause } from "../support/waiting.js";

/** Answers with each letter of the question twice, in separate records: longer questions take longer. */
const echo: Script = async (reply, { body }) => {
  const [question] = body["messages"] as { content: string }[];
  for (const letter of question!.content) await reply.sendApart(letter + letter);
  reply.finish();
};

describe("Core nodes", () => {
  const load = useHelper([
    "sequence/17-split.js",
    "sequence/19-batch.js",
    "storage/10-file.js",
    "function/10-function.js",
  ]);
  const service = useService();

  it("lets join (automatic) put the whole text of a stream together", async () => {
    service().script = (reply) => reply.say("Once", " upon", " a time");
    const flow = await load([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["join"]] }),
      createFlowNode("join", "join", ["out"], { mode: "auto", build: "string", joiner: "" }),
      createSinkNode("out"),
    ]);
    flow.inject("ask", { payload: "Hi", topic: "t" });
    const [message] = await flow.getInbox("out").waitForCount(1);
    assert.equal(message!.payload, "Once upon a time");
    assert.equal(message!.topic, "t");
    assert.equal(message!.finishReason, "stop");
    assert.equal(message!.parts, undefined);
  });

  it("lets join finish streams that failed or were cancelled, since each has its last message", async () => {
    service().queue.push((reply) => reply.send("half").drop());
    service().queue.push((reply) => void reply.send("half"));
    const flow = await load([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["join"]] }),
      createFlowNode("join", "join", ["out"], { mode: "auto", build: "string", joiner: "" }),
      createSinkNode("out"),
    ]);
    flow.inject("ask", { payload: "Hi" });
    await flow.getInbox("out").waitForCount(1);
    flow.inject("ask", { payload: "Hi" });
    await service().waitForRequests(2);
    await pause();
    flow.inject("ask", { cancel: true });
    const messages = await flow.getInbox("out").waitForCount(2);
    assert.deepEqual(
      messages.map(({ finishReason }) => finishReason),
      ["error", "cancelled"],
    );
    assert.equal(messages[1]!.payload, "half");
  });

  it("lets join keep two parallel streams apart", async () => {
    service().script = echo;
    const flow = await load([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["join"]] }),
      createFlowNode("join", "join", ["out"], { mode: "auto", build: "string", joiner: "" }),
      createSinkNode("out"),
    ]);
    flow.inject("ask", { payload: "abcdef" });
    flow.inject("ask", { payload: "uvwxyz" });
    const messages = await flow.getInbox("out").waitForCount(2);
    assert.deepEqual(messages.map(({ payload }) => payload).sort(), ["aabbccddeeff", "uuvvwwxxyyzz"]);
  });

  it("lets batch group the messages of a stream by number", async () => {
    service().script = (reply) => reply.say("a", "b", "c");
    const flow = await load([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["batch"]] }),
      createFlowNode("batch", "batch", ["join"], { mode: "count", count: 2, overlap: 0, honourParts: true }),
      createFlowNode("join", "join", ["out"], { mode: "auto", build: "string", joiner: "" }),
      createSinkNode("out"),
    ]);
    flow.inject("ask", { payload: "Hi" });
    const messages = await flow.getInbox("out").waitForCount(2);
    assert.deepEqual(
      messages.map(({ payload }) => payload),
      ["ab", "c"],
    );
  });

  for (const between of ["collect", "delta-buffer"])
    it(`sends each group of batch, though all have the same id, through ${between}`, async () => {
      service().script = (reply) => reply.say("a", "b", "c", "d", "e");
      const flow = await load([
        TAB,
        createProviderNode(service().url),
        createChatStreamNode({ wires: [["batch"]] }),
        createFlowNode("batch", "batch", [between], {
          mode: "count",
          count: 2,
          overlap: 0,
          honourParts: true,
        }),
        ...(between === "collect" ? [] : [createFlowNode(between, between, ["collect"])]),
        createCollectNode({ wires: [["out"], []] }),
        createSinkNode("out"),
      ]);
      flow.inject("ask", { payload: "Hi" });
      const messages = await flow.getInbox("out").waitForCount(3);
      assert.deepEqual(
        messages.map(({ payload }) => payload),
        ["ab", "cd", "e"],
      );
    });

  it("lets file write the text of a stream without line feeds between messages or at the end", async () => {
    service().script = (reply) => reply.say("line 1\n", "line", " 2");
    const folder = mkdtempSync(join(tmpdir(), "chat-stream-"));
    const filename = join(folder, "answer.txt");
    const flow = await load([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["file"]] }),
      createFlowNode("file", "file", ["out"], {
        filename,
        filenameType: "str",
        appendNewline: false,
        overwriteFile: "false",
        createDir: true,
        encoding: "none",
      }),
      createSinkNode("out"),
    ]);
    flow.inject("ask", { payload: "Hi" });
    await waitForEnds(flow.getInbox("out"));
    assert.equal(readFileSync(filename, "utf8"), "line 1\nline 2");
    rmSync(folder, { recursive: true });
  });

  it("gives the answers in the order of the questions through split, chat-stream, collect and join", async () => {
    service().script = echo;
    const flow = await load([
      TAB,
      createProviderNode(service().url),
      createFlowNode("split", "split", ["ask"], {
        splt: "\\n",
        spltType: "str",
        arraySplt: 1,
        arraySpltType: "len",
      }),
      createChatStreamNode({ wires: [["collect"]] }),
      createCollectNode({ wires: [["join"], []] }),
      createFlowNode("join", "join", ["out"], { mode: "auto", build: "array" }),
      createSinkNode("out"),
    ]);
    flow.inject("split", { payload: ["abcdefgh", "i", "jkl"], topic: "t" });
    const [message] = await flow.getInbox("out").waitForCount(1);
    assert.deepEqual(message!.payload, ["aabbccddeeffgghh", "ii", "jjkkll"]);
    assert.equal(message!.topic, "t");
    assert.equal(message!.parts, undefined);
  });

  it("lets a function node change payloads before collect", async () => {
    service().script = (reply) =>
      reply
        .send(createChunk({ reasoning_content: "Hm." }), "Hello", createChunk("Bonjour", { index: 1 }))
        .finish();
    const flow = await load([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["upper"]] }),
      createFlowNode("function", "upper", ["collect"], {
        func: "msg.payload = msg.payload.toUpperCase(); return msg;",
        outputs: 1,
        libs: [],
      }),
      createCollectNode(),
      createSinkNode("finished"),
      createSinkNode("unfinished"),
    ]);
    flow.inject("ask", { payload: "Hi" });
    const [message] = (await flow.getInbox("finished").waitForCount(1)) as Message[];
    assert.equal(message!.payload, "HELLO");
    const { choices } = message!.response as { choices: { message: Record<string, unknown> }[] };
    assert.equal(choices[0]!.message["reasoning_content"], "Hm.");
    assert.equal(choices[0]!.message["content"], "HELLO");
    assert.equal(choices[1]!.message["content"], "Bonjour");
  });
});
