import assert from "node:assert/strict";
import { CancelledStreams } from "../../../src/node-red/messages/cancelled-streams.js";
import {
  createChatStreamNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { createRetryFlow, createRetryNode } from "../../support/flows/retry.js";
import { answerByWeatherTool, createRouterFlow } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

/** Retry delay in ms: long enough for a control message to arrive before it ends. */
const HINT = "300";

const refused: Script = (reply) => reply.sendJson(429, {}, { "retry-after-ms": HINT });
const broken: Script = (reply) => {
  reply.send("Let ", { error: { message: "Rate limited. Try again in 0.3s.", code: "rate_limit_exceeded" } });
  reply.response.end();
};

describe("Cancelling while a retry node waits", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Waits until a retry node holds a failure back. */
  async function waitForRetry(retry = "retry"): Promise<void> {
    await waitUntil(() => {
      const { got, done } = runtime().inputs.get(retry) ?? { got: 0, done: 0 };
      return got > done;
    }, `${retry} waits`);
  }

  async function assertCancelled(text = ""): Promise<void> {
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.finishReason, "cancelled");
    assert.equal(joinPayloads(runtime().getMessages("out")), text);
    await pause();
    assert.equal(service().requests.length, 1);
    assert.equal(runtime().getMessages("errors").length, 0);
  }

  const chain = (stream: Record<string, unknown> = {}) =>
    createRouterFlow(service().url, {
      between: "retry",
      stream,
      more: [createRetryNode({ wires: [["router"], ["ask"], []] })],
    });

  for (const at of ["ask", "retry", "router"]) {
    for (const [what, stream, command] of [
      ["everything", {}, {}],
      ["a conversation", { conversation: "flow" }, { topic: "t" }],
    ] as const) {
      it(`sends no further request if ${at} is told to cancel ${what} before any text`, async () => {
        service().queue.push(refused);
        await runtime().deploy(chain(stream));
        runtime().inject("router", { payload: "Hi", topic: "t" });
        await waitForRetry();
        runtime().inject(at, { cancel: true, ...command });
        await assertCancelled();
      });
    }

    it(`sends no further request if ${at} is told the reader's stream id after some text`, async () => {
      service().queue.push(broken);
      await runtime().deploy(chain());
      runtime().inject("router", { payload: "Hi" });
      await waitForRetry();
      const [first] = await runtime().waitUntil("out", (messages) => messages.length === 1);
      runtime().inject(at, { cancel: true, parts: { ...first!.parts! } });
      await assertCancelled("Let ");
    });

    it(`answers a question that follows the cancel at ${at}`, async () => {
      for (const entry of ["router", "ask"]) {
        runtime().clearRecords();
        service().queue.push(refused, (reply) => reply.say("New"));
        await runtime().deploy(chain({ conversation: "flow" }));
        runtime().inject("router", { payload: "Old", topic: "t" });
        await waitForRetry();
        runtime().inject(at, { cancel: true });
        // From the retry node, the control message takes a while to the chat-stream and cancels everything before it.
        if (at === "retry") await pause();
        runtime().inject(entry, { payload: "New", topic: "t" });
        const ends = await runtime().waitForEnds("out", 2);
        assert.deepEqual(ends.map(({ finishReason }) => finishReason).sort(), ["cancelled", "stop"]);
        assert.equal(joinPayloads(runtime().getMessages("out")), "New");
      }
      assert.equal(service().requests.length, 4);
    });
  }

  it("leaves the streams of another conversation alone, at the chat-stream and at the router", async () => {
    for (const at of ["ask", "router"]) {
      runtime().clearRecords();
      service().queue.push(refused, refused);
      service().script = (reply) => reply.say("Answer");
      await runtime().deploy(chain({ conversation: "flow" }));
      const before = service().requests.length;
      for (const topic of ["a", "b"]) runtime().inject("router", { payload: topic, topic });
      await waitUntil(() => runtime().inputs.get("retry")?.got === 2);
      runtime().inject(at, { cancel: true, topic: "a" });
      const ends = await runtime().waitForEnds("out", 2);
      const how = Object.fromEntries(ends.map(({ topic, finishReason }) => [String(topic), finishReason]));
      assert.deepEqual(how, { a: "cancelled", b: "stop" });
      assert.equal(service().requests.length - before, 3);
    }
  });

  for (const [holds, at] of [
    ["first", "first"],
    ["first", "second"],
    ["first", "ask"],
    ["second", "first"],
    ["second", "second"],
    ["second", "ask"],
  ] as const) {
    it(`sends no further request if the ${holds} of two retry nodes waits and ${at} is told to cancel`, async () => {
      service().queue.push(refused);
      const noRetry = { attempts: 1 };
      await runtime().deploy([
        TAB,
        createProviderNode(service().url),
        createChatStreamNode({ wires: [["first"]] }),
        named("first", { wires: [["second"], ["ask"], []], ...(holds === "second" ? noRetry : {}) }),
        named("second", { wires: [["out"], ["ask"], []] }),
        createSinkNode("out"),
        ...createWitnessNodes("ask", "first", "second"),
      ]);
      runtime().inject("ask", { payload: "Hi" });
      await waitForRetry(holds);
      runtime().inject(at, { cancel: true });
      const [end] = await runtime().waitForEnds("out");
      assert.equal(end!.finishReason, "cancelled");
      await pause();
      assert.equal(service().requests.length, 1);
    });
  }

  for (const by of ["all", "id"] as const) {
    it(`sends no further request if the fallback's retry node waits and the outer one is told to cancel by ${by}`, async () => {
      service().queue.push(broken, refused);
      await runtime().deploy([
        ...createRetryFlow(service().url, { fallback: ["second"], retry: { attempts: 1 } }),
        { ...createChatStreamNode({ wires: [["inner"]] }), id: "second" },
        named("inner", { wires: [["retry"], ["second"], []] }),
      ]);
      runtime().inject("ask", { payload: "Hi" });
      await waitForRetry("inner");
      const { parts } = runtime().getMessages("out")[0]!;
      runtime().inject("retry", by === "id" ? { cancel: true, parts: { ...parts! } } : { cancel: true });
      const [end] = await runtime().waitForEnds("out");
      assert.equal(end!.finishReason, "cancelled");
      await waitUntil(() => runtime().inputs.get("inner")!.done === runtime().inputs.get("inner")!.got);
      await pause();
      assert.equal(service().requests.length, 2);
      assert.equal(joinPayloads(runtime().getMessages("out")), "Let ");
    });
  }

  for (const again of ["router", "ask"]) {
    for (const command of [{}, { topic: "t" }]) {
      it(`starts no new run if the router before the retry node gets ${JSON.stringify(command)}, with again wired to ${again}`, async () => {
        service().queue.push(refused);
        await runtime().deploy(
          createRouterFlow(service().url, {
            after: "retry",
            more: [createRetryNode({ wires: [["out"], [again], []] })],
          }),
        );
        runtime().inject("router", { payload: "Hi", topic: "t" });
        await waitForRetry();
        runtime().inject("router", { cancel: true, ...command });
        const [end] = await runtime().waitForEnds("out");
        assert.equal(end!.finishReason, "cancelled");
        assert.equal(joinPayloads(runtime().getMessages("out")), "");
        await waitUntil(() => service().openStreams === 0);
      });
    }
  }
});

describe("Cancelling while tools work", () => {
  const service = useService();
  const runtime = useRuntime();

  for (const by of ["all", "id"] as const) {
    it(`ends the run if the chat-stream is told to cancel by ${by}, without a next turn`, async () => {
      service().script = answerByWeatherTool;
      await runtime().deploy(createRouterFlow(service().url));
      runtime().inject("router", { payload: "Paris" });
      const [call] = await runtime().waitUntil("weather", (messages) => messages.length === 1);
      const { parts } = runtime().getMessages("out")[0]!;
      runtime().inject("ask", by === "id" ? { cancel: true, parts: { ...parts! } } : { cancel: true });
      runtime().inject("router", { ...call!, payload: "sunny" });
      const [end] = await runtime().waitForEnds("out");
      assert.equal(end!.finishReason, "cancelled");
      assert.equal(joinPayloads(runtime().getMessages("out")), "Let me look. ");
      assert.equal(service().requests.length, 1);
    });
  }
});

describe("CancelledStreams", () => {
  const retryTag = (stream: string) => ({ kind: "retry", node: "retry", stream, attempt: 2 });
  const runTag = (run: string) => ({ kind: "run", node: "router", run, round: 2 });
  const tagged = (stream: string) => ({ askedBy: [retryTag(stream)] });
  const running = (run: string) => ({ askedBy: [runTag(run)] });

  it("refuses a request on behalf of a cancelled stream at any depth, and no other", () => {
    const streams = new CancelledStreams();
    streams.cancel("a");
    for (const message of [
      tagged("a"),
      { askedBy: [retryTag("a"), retryTag("b")] },
      running("a"),
      { askedBy: [runTag("a"), retryTag("b"), runTag("r")] },
    ])
      assert.equal(streams.admit("new", "", message), false);
    for (const message of [{}, tagged("b"), running("r")]) assert.ok(streams.admit("new", "", message));
  });

  it("cancels all streams that have started so far, or only those of one conversation", () => {
    const streams = new CancelledStreams();
    streams.admit("a", "one", {});
    streams.admit("b", "two", running("r"));
    streams.cancelAll("one");
    const left = (...ids: string[]) => ids.filter((id) => streams.admit("new", "", tagged(id)));
    assert.deepEqual(left("a", "b", "c"), ["b", "c"]);
    streams.cancelAll("");
    assert.deepEqual(left("a", "b", "d"), ["d"]);
    assert.equal(streams.admit("new", "", running("r")), false);
    assert.ok(streams.admit("new", "one", {}));
  });

  it("takes an id that is no text for the name of no stream", () => {
    const streams = new CancelledStreams();
    for (const id of [7, null, {}, [], { constructor: 1 }, Object.create(null)]) streams.cancel(id);
    assert.ok(streams.admit("7", "", {}));
  });

  it("forgets the oldest id after 10,000 others", () => {
    const streams = new CancelledStreams();
    streams.cancel("oldest");
    for (let nth = 0; nth < 10_000; nth++) streams.cancel(`stream-${nth}`);
    assert.ok(streams.admit("new", "", tagged("oldest")));
    assert.equal(streams.admit("new", "", tagged("stream-9999")), false);
  });
});

function named(id: string, more: Record<string, unknown>): FlowNode {
  return { ...createRetryNode(more), id };
}
