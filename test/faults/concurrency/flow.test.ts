import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import sinon from "sinon";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createAskFlow,
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { groupByStream } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";
import { CollectWorld, createStreamMessages } from "../../support/worlds/collect-world.js";

/** Answers with three of each letter of the question, one chunk a letter. */
const tripleLetters: Script = async (reply, { body }) => {
  const [question] = body["messages"] as { content: string }[];
  for (const letter of question!.content) await reply.sendApart(letter.repeat(3));
  reply.finish();
};

function getError(message: Message | undefined): { code: string; message: string; partial: string } {
  return message!.error as ReturnType<typeof getError>;
}

describe("Many streams of a chat-stream", () => {
  const service = useService();
  const runtime = useRuntime();

  it("X01: ends a thousand streams at a reset with less work than they took to begin, each with one last message", async () => {
    service().script = (reply) => void reply.send("half");
    await runtime().deploy(createAskFlow(service().url, {}, { maxConcurrent: 1000 }));
    // Processor time, including the service's, because other processes disturb the wall clock.
    const beforeAll = process.cpuUsage();
    for (let at = 0; at < 1000; at++) runtime().inject("ask", { payload: `${at}` });
    await runtime().waitUntil("out", (messages) => messages.length === 1000);
    const beginning = process.cpuUsage(beforeAll);
    let ended = 0;
    runtime().reactions.set("out", () => void ended++);
    const beforeReset = process.cpuUsage();
    runtime().inject("ask", { reset: true });
    await waitUntil(() => ended === 1000, "all streams have ended");
    const ending = process.cpuUsage(beforeReset);
    const lasts = await runtime().waitForEnds("out", 1000);
    const [took, allowed] = [ending, beginning].map(({ user, system }) => (user + system) / 1000);
    assert.ok(took! < allowed!, `it took ${took} ms, and beginning took ${allowed} ms`);
    assert.ok(lasts.every(({ finishReason }) => finishReason === "cancelled"));
    assert.equal(groupByStream(runtime().getMessages("out")).length, 1000);
    await waitUntil(() => service().connections === 0, "all connections are closed");
    await runtime().waitUntil("completed", (messages) => messages.length === 1001);
    assert.equal(runtime().getMessages("errors").length, 0);
  });

  /** Waits for the moment at which a stream is cancelled. */
  const MOMENTS: Record<string, () => Promise<void>> = {
    "before it connects": async () => {},
    "before the service answers": async () => {
      service().script = () => {};
      await waitUntil(() => service().requests.length === 1, "the service has the request");
    },
    "in the middle": async () => {
      service().script = (reply) => void reply.send("half");
      await runtime().waitUntil("out", (messages) => messages.length === 1);
    },
    "after its end": async () => {
      await runtime().waitForEnds("out");
    },
  };
  for (const [moment, waitForMoment] of Object.entries(MOMENTS)) {
    it(`X02: ends once and closes its request if it is cancelled twice ${moment}`, async () => {
      if (moment === "before the service answers") service().script = () => {};
      if (moment === "in the middle") service().script = (reply) => void reply.send("half");
      await runtime().deploy(createAskFlow(service().url));
      runtime().inject("ask", { payload: "Hi" });
      await waitForMoment();
      runtime().inject("ask", { cancel: true });
      runtime().inject("ask", { cancel: true });
      const [last] = await runtime().waitForEnds("out");
      assert.equal(last!.finishReason, moment === "after its end" ? "stop" : "cancelled");
      await waitUntil(() => service().openStreams === 0, "the service has no open request");
      await pause();
      assert.equal((await runtime().waitForEnds("out")).length, 1);
      assert.deepEqual(runtime().inputs.get("ask"), { got: 3, done: 3 });
    });
  }

  it("X03: runs eight of two hundred streams, queues a hundred in order and refuses the rest at once", async () => {
    const waiting: (() => void)[] = [];
    service().script = (reply) => void waiting.push(() => reply.say("x"));
    await runtime().deploy(createAskFlow(service().url, {}, { maxConcurrent: 8, maxQueued: 100 }));
    for (let at = 0; at < 200; at++) runtime().inject("ask", { payload: `${at}`, topic: at });
    const refused = await runtime().waitForEnds("out", 92);
    assert.deepEqual(
      refused.map(({ topic }) => topic),
      Array.from({ length: 92 }, (_, at) => 108 + at),
    );
    assert.ok(refused.every((message) => getError(message).code === "overloaded"));
    await waitUntil(() => waiting.length === 8, "eight requests are open");
    for (let ended = 92; ended < 200; ended++) {
      await waitUntil(() => waiting.length > 0, "the next request has come");
      waiting.shift()!();
      await runtime().waitForEnds("out", ended + 1);
    }
    assert.equal(service().maxOpenStreams, 8);
    const numbers = service().requests.map(({ body }) =>
      Number((body["messages"] as Message[])[0]!["content"]),
    );
    for (const [at, number] of numbers.entries())
      assert.ok(Math.abs(number - at) < 8, `request ${number} came at place ${at}`);
    assert.equal(runtime().getMessages("errors").length, 92);
    await runtime().waitUntil("completed", (messages) => messages.length === 108);
  });

  it("X04: removes a cancelled stream from the queue without a request", async () => {
    service().script = (reply) => void reply.send("half");
    await runtime().deploy(createAskFlow(service().url, { conversation: "flow" }, { maxConcurrent: 1 }));
    for (const topic of ["a", "b", "c"]) runtime().inject("ask", { payload: topic, topic });
    await runtime().waitUntil("out", (messages) => messages.length === 1);
    runtime().inject("ask", { cancel: true, topic: "b" });
    const [last] = await runtime().waitForEnds("out");
    assert.deepEqual([last!.topic, last!.finishReason, last!.parts!.count], ["b", "cancelled", 1]);
    runtime().inject("ask", { cancel: true, topic: "a" });
    await waitUntil(() => service().requests.length === 2, "the next request has come");
    const questions = service().requests.map(({ body }) => (body["messages"] as Message[])[0]!["content"]);
    assert.deepEqual(questions, ["a", "c"]);
  });

  it("X05: makes two streams with new ids of a message that comes twice with its own parts.id", async () => {
    await runtime().deploy([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["out", "collect"]] }),
      createCollectNode({ wires: [["finished"], []] }),
      createSinkNode("out"),
      createSinkNode("finished"),
    ]);
    const message = { payload: "Hi", parts: { id: "mine", index: 0, count: 1 } };
    runtime().inject("ask", message);
    runtime().inject("ask", message);
    const collected = await runtime().waitUntil("finished", (messages) => messages.length === 2);
    assert.deepEqual(
      collected.map(({ payload }) => payload),
      ["Hello world", "Hello world"],
    );
    const ids = new Set(
      runtime()
        .getMessages("out")
        .map(({ parts }) => parts!.id),
    );
    assert.equal(ids.size, 2);
    assert.ok(!ids.has("mine"));
  });

  it("X06: collects each of a hundred interleaved streams exactly", async () => {
    service().script = tripleLetters;
    await runtime().deploy([
      TAB,
      createProviderNode(service().url, { maxConcurrent: 100 }),
      createChatStreamNode({ wires: [["collect"]] }),
      createCollectNode({ wires: [["finished"], ["out"]] }),
      createSinkNode("finished"),
      createSinkNode("out"),
    ]);
    for (let at = 0; at < 100; at++) {
      const question = `q${at}:${"abcdefgh".slice(at % 8)}`;
      runtime().inject("ask", { payload: question, topic: question });
    }
    for (const { payload, topic } of await runtime().waitUntil(
      "finished",
      (messages) => messages.length === 100,
    )) {
      assert.equal(payload, [...(topic as string)].map((letter) => letter.repeat(3)).join(""));
    }
    assert.equal(runtime().getMessages("out").length, 0);
  });
});

describe("Collect with disturbed streams", () => {
  const service = useService();
  const runtime = useRuntime();

  it("X07: puts messages in order that a delay node has shuffled", async () => {
    service().script = (reply) => reply.say(..."The quick brown fox jumps over the lazy dog");
    await runtime().deploy([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["delay"]] }),
      createFlowNode("delay", "delay", ["collect", "out"], {
        pauseType: "random",
        randomFirst: "1",
        randomLast: "60",
        randomUnits: "milliseconds",
        timeout: "1",
        timeoutUnits: "milliseconds",
        rate: "1",
        nbRateUnits: "1",
        rateUnits: "second",
        outputs: 1,
      }),
      createCollectNode({ wires: [["finished"], []] }),
      createSinkNode("finished"),
      createSinkNode("out"),
    ]);
    runtime().inject("ask", { payload: "Hi" });
    const [message] = await runtime().waitUntil("finished", (messages) => messages.length === 1);
    assert.equal(message!.payload, "The quick brown fox jumps over the lazy dog");
    const order = runtime()
      .getMessages("out")
      .map(({ parts }) => parts!.index);
    assert.notDeepEqual(
      order,
      order.slice().sort((first, second) => first - second),
      "the delay node should have shuffled the messages",
    );
  });

  it("X07: fails with bad_response and the text up to the gap if messages are missing", () => {
    const clock = sinon.useFakeTimers();
    try {
      const collecting = new CollectWorld().take(
        ...createStreamMessages(["a", "b", "c", "d"]).filter((_, at) => at !== 2),
      );
      clock.tick(10_000);
      const [message] = collecting.unfinished;
      assert.equal(message!.payload, "ab");
      assert.equal(getError(message).code, "bad_response");
      assert.match(getError(message).message, /messages 2 are missing/);
      assert.equal(collecting.errors.length, 1);
    } finally {
      clock.restore();
    }
  });

  it("X08: fails with timeout and the text so far if the last message does not come in time", async () => {
    await runtime().deploy([
      TAB,
      createCollectNode({ wires: [["out"], ["out"]], timeout: "0.05" }),
      createSinkNode("out"),
      ...createWitnessNodes("collect"),
    ]);
    for (const message of createStreamMessages(["a", "b"]).slice(0, 2)) runtime().inject("collect", message);
    const [message] = await runtime().waitUntil("out", (arrived) => arrived.length === 1);
    assert.equal(message!.payload, "ab");
    assert.equal(getError(message).code, "timeout");
    assert.equal(getError(message).partial, "ab");
    const [caught] = await runtime().waitUntil("errors", (arrived) => arrived.length === 1);
    assert.equal(getError(caught).code, "timeout");
  });

  it("X09: keeps memory bounded with thirty thousand streams that never end", () => {
    const collecting = new CollectWorld();
    const beginStreams = (from: number, to: number) => {
      for (let at = from; at < to; at++) {
        collecting.take(createStreamMessages(["text"], {}, `stream ${at}`)[0]!);
        if (collecting.unfinished.length === 0) continue;
        assert.equal(getError(collecting.unfinished[0]).code, "limit");
        assert.equal(collecting.errors.length, 1);
        collecting.unfinished.length = 0;
        collecting.errors.length = 0;
        collecting.statuses.length = 0;
      }
    };
    beginStreams(0, 5_000);
    const before = measureHeap();
    beginStreams(5_000, 30_000);
    const growth = measureHeap() - before;
    assert.ok(growth < 1_000_000, `the heap grew by ${growth} bytes`);
    collecting.close();
  });
});

/** Measures the bytes of heap in use after garbage collection. */
function measureHeap(): number {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let times = 0; times < 3; times++) gc();
  return process.memoryUsage().heapUsed;
}
