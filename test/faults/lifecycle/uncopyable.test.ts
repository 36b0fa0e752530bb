import assert from "node:assert/strict";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  TAB,
} from "../../support/flows/nodes.js";
import { createRetryNode } from "../../support/flows/retry.js";
import { createRouterNode } from "../../support/flows/router.js";
import { addThrowingGetter, ODD_VALUES } from "../../support/inputs/uncopyable.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

/** Ways to make a message odd, by what is odd about it. */
const ODD: Readonly<Record<string, (message: Message) => Message>> = {
  ...Object.fromEntries(
    Object.entries(ODD_VALUES).map(([name, create]) => [
      `a property that ${name}`,
      (message: Message) => ({ ...message, body: create() }),
    ]),
  ),
  "a getter that throws": (message) => addThrowingGetter(message, "body"),
};
const NAMES = Object.keys(ODD);

describe("Messages that cannot be copied", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Deploys `ask` → `between` → nodes → collect. What `between` gets becomes odd, unless `change` drops it. */
  async function deploy(
    nodes: FlowNode[],
    first: string,
    change: (message: Message) => Message | undefined = (message) => message,
    collect: Record<string, unknown> = {},
  ): Promise<void> {
    runtime().reactions.set("between", (message) => {
      const changed = change({ ...message, parts: { ...message.parts! } });
      if (changed) runtime().inject(first, ODD[String(message.topic)]!(changed));
    });
    await runtime().deploy([
      TAB,
      createProviderNode(service().url, { maxConcurrent: 100 }),
      createChatStreamNode({ wires: [["between"]] }),
      ...nodes,
      createCollectNode(collect),
      createFlowNode("helper", "between", [first]),
      ...["finished", "unfinished", "errors"].map(createSinkNode),
      createFlowNode("catch", "catch", ["errors"], { scope: [first] }),
    ]);
  }

  /** Asks one question for each odd message. @returns the collected messages by their topics */
  async function askAll(): Promise<Map<unknown, Message>> {
    const res = { odd: "response" };
    for (const topic of NAMES) runtime().inject("ask", { payload: "Hi", topic, res } as Message);
    const list = () => [...runtime().getMessages("finished"), ...runtime().getMessages("unfinished")];
    await waitUntil(() => list().length >= NAMES.length, "all streams are collected");
    await pause();
    const collected = new Map(list().map((message) => [message.topic, message]));
    assert.equal(list().length, NAMES.length, "each stream is collected once");
    assert.deepEqual([...collected.keys()].sort(), NAMES.toSorted());
    for (const message of list()) assert.equal(message["res"], res, String(message.topic));
    return collected;
  }

  const getCode = ({ error }: Message) => (error as FailureData | undefined)?.code;

  /** Asserts that a Catch node got an error for each topic, with the message. */
  function assertCaught(code: string): void {
    const caught = runtime().getMessages("errors");
    assert.deepEqual(caught.map(({ topic }) => topic).sort(), NAMES.toSorted());
    for (const message of caught) {
      assert.equal(getCode(message), code);
      assert.deepEqual(message["res"], { odd: "response" });
    }
  }

  it("are asked for again by a retry node", async () => {
    const seen = new Set<unknown>();
    service().script = (reply, { body }) => {
      const { content } = (body["messages"] as { content: string }[])[0]!;
      if (service().requests.length <= NAMES.length) reply.sendJson(500, {});
      else reply.say("Hello");
      seen.add(content);
    };
    await deploy([createRetryNode({ wires: [["collect"], ["ask"], []] })], "retry");
    for (const [topic, message] of await askAll()) assert.equal(message.payload, "Hello", String(topic));
    assert.deepEqual(runtime().getMessages("errors"), []);
  });

  it("end with the failure if a retry node gives up", async () => {
    service().script = (reply) => reply.sendJson(500, {});
    await deploy([createRetryNode({ wires: [["collect"], ["ask"], []], attempts: 2 })], "retry");
    for (const message of (await askAll()).values()) assert.equal(getCode(message), "server_error");
    assertCaught("server_error");
  });

  it("end with a failure if a retry node misses a message", async () => {
    await deploy([createRetryNode({ wires: [["collect"], ["ask"], []] })], "retry", (message) =>
      message.parts!.index === 1 ? undefined : message,
    );
    for (const message of (await askAll()).values()) assert.equal(getCode(message), "bad_response");
    assertCaught("bad_response");
  });

  it("end with a failure if no chat-stream takes the retry node's request", async () => {
    service().script = (reply) => reply.sendJson(500, {});
    await deploy(
      [
        createRetryNode({ wires: [["collect"], ["drop"], []] }),
        createFlowNode("switch", "drop", ["ask"], {
          property: "payload",
          propertyType: "msg",
          rules: [{ t: "nempty" }],
          checkall: "true",
          outputs: 1,
        }),
      ],
      "retry",
    );
    for (const message of (await askAll()).values()) assert.equal(getCode(message), "configuration");
    assertCaught("configuration");
  });

  it("end with a failure if collect misses a message", async () => {
    await deploy([], "collect", (message) => (message.parts!.index === 1 ? undefined : message));
    for (const message of (await askAll()).values()) assert.equal(getCode(message), "bad_response");
    assertCaught("bad_response");
  });

  it("end with a failure if the last one does not come to collect in time", async () => {
    await deploy([], "collect", (message) => (message.complete === true ? undefined : message), {
      timeout: 0.3,
    });
    for (const message of (await askAll()).values()) {
      assert.equal(getCode(message), "timeout");
      assert.equal(message.payload, "Hello world");
    }
    assertCaught("timeout");
  });

  it("end with a failure if a tool-call-router misses a message", async () => {
    await deploy([createRouterNode({ wires: [["collect"], ["ask"], [], []] })], "router", (message) =>
      message.parts!.index === 1 ? undefined : message,
    );
    for (const message of (await askAll()).values()) assert.equal(getCode(message), "bad_response");
    assertCaught("bad_response");
  });

  for (const [rule, settings] of [
    ["by time", { milliseconds: 20 }],
    ["by count", { count: 2 }],
    ["by sentences", { boundary: "sentence", milliseconds: 20 }],
    ["at a pace", { smooth: true, pace: 100 }],
  ] as const) {
    it(`pass a delta-buffer that sends ${rule}`, async () => {
      service().script = async (reply) => {
        await reply.sendApart("Hello", " you", " all");
        await pause(60);
        reply.say(" here.");
      };
      await deploy([createFlowNode("delta-buffer", "buffer", ["collect"], settings)], "buffer");
      for (const [topic, message] of await askAll())
        assert.equal(message.payload, "Hello you all here.", String(topic));
      assert.deepEqual(runtime().getMessages("errors"), []);
    });
  }
});

describe("A chunk that cannot be copied", () => {
  const service = useService();
  const runtime = useRuntime();
  const createChunk = (delta: object) => ({ choices: [{ index: 0, delta, finish_reason: null }] });
  const CHUNKS: Readonly<Record<string, () => unknown>> = {
    ...Object.fromEntries(
      ["nests 50,000 levels deep", "has a getter that throws", "is a function", "cannot be looked at"].map(
        (name) => [
          `a chunk with a field that ${name}`,
          () => createChunk({ logs: ODD_VALUES[name]!(), refusal: "x" }),
        ],
      ),
    ),
    "a chunk with a choice that cannot be looked at": () => ({
      choices: [ODD_VALUES["cannot be looked at"]!()],
    }),
    "a chunk that cannot be looked at": ODD_VALUES["cannot be looked at"]!,
  };

  for (const [rule, settings] of [
    ["by time", { milliseconds: 20 }],
    ["by count", { count: 2 }],
    ["by sentences", { boundary: "sentence", milliseconds: 500 }],
    ["at a pace", { smooth: true, pace: 20 }],
  ] as const) {
    for (const [name, create] of Object.entries(CHUNKS)) {
      it(`ends a stream with the text so far at a delta-buffer that sends ${rule}: ${name}`, async () => {
        service().script = async (reply) => {
          await reply.sendApart("One. Two", " three", " four", " five");
          reply.finish();
        };
        runtime().reactions.set("between", (message) => {
          const odd = message.parts!.index === 2 ? { chunk: create() } : {};
          runtime().inject("buffer", { ...message, ...odd });
        });
        await runtime().deploy([
          TAB,
          createProviderNode(service().url),
          createChatStreamNode({ wires: [["between"]] }),
          createFlowNode("delta-buffer", "buffer", ["collect", "out"], settings),
          createCollectNode(),
          ...["between", "finished", "unfinished", "out", "errors"].map(createSinkNode),
          createFlowNode("catch", "catch", ["errors"], { scope: null }),
        ]);
        runtime().inject("ask", { payload: "Hi", topic: "t" });
        const [end] = await runtime().waitUntil("unfinished", ({ length }) => length > 0);
        await waitUntil(() => service().openStreams === 0);
        await pause();
        assert.equal(end!.payload, "One. Two three four");
        const { code, message, partial } = end!.error as FailureData;
        assert.equal(code, "invalid_request");
        assert.match(message, /chunk.*cannot be copied/);
        assert.equal(partial, end!.payload);
        assert.deepEqual(runtime().getMessages("finished"), []);
        assert.equal(runtime().getMessages("unfinished").length, 1);
        const out = runtime().getMessages("out");
        assert.deepEqual(
          out.filter(({ complete }) => complete === true),
          [out.at(-1)],
        );
        const [caught, ...more] = runtime().getMessages("errors");
        assert.equal(more.length, 0);
        assert.equal(caught!.topic, "t");
      });
    }
  }
});
