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
} from "../../support/runtime/flows.js";
import { eventually, groupByStream, pause } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { CollectWorld, createStreamMessages } from "../../support/worlds/collect-world.js";

/** Answers each letter of the question three times, one piece after the other. */
const stutter: Script = async (reply, { body }) => {
  const [question] = body["messages"] as { content: string }[];
  for (const letter of question!.content) await reply.sendApart(letter.repeat(3));
  reply.finish();
};

function errorOf(message: Message | undefined): { code: string; message: string; partial: string } {
  return message!.error as ReturnType<typeof errorOf>;
}

describe("Many streams of a chat-stream", () => {
  const service = useService();
  const runtime = useRuntime();

  it("X01: a thousand that are reset all end within a second, each with its own end, and nothing is left", async function () {
    this.timeout(20_000);
    service().script = (reply) => void reply.send("half");
    await runtime().deploy(createAskFlow(service().url, {}, { maxConcurrent: 1000 }));
    for (let at = 0; at < 1000; at++) runtime().inject("ask", { payload: `${at}` });
    await runtime().waitUntil("out", (messages) => messages.length === 1000);
    let ended = 0;
    runtime().reactions.set("out", () => void ended++);
    // The processor's time, the service's share included: the wall clock would measure who else is at work.
    const begun = process.cpuUsage();
    runtime().inject("ask", { reset: true });
    await eventually(() => ended === 1000, "all have ended");
    const { user, system } = process.cpuUsage(begun);
    const took = (user + system) / 1000;
    const lasts = await runtime().waitForEnds("out", 1000);
    assert.ok(took < 1000, `it took ${took} ms`);
    assert.ok(lasts.every(({ finishReason }) => finishReason === "cancelled"));
    assert.equal(groupByStream(runtime().getMessages("out")).length, 1000);
    await eventually(() => service().connections === 0, "all connections are closed");
    await runtime().waitUntil("completed", (messages) => messages.length === 1001);
    assert.equal(runtime().getMessages("errors").length, 0);
  });

  const moments: Record<string, () => Promise<void>> = {
    "before it connects": async () => {},
    "before the service answers": async () => {
      service().script = () => {};
      await eventually(() => service().requests.length === 1, "the service has the request");
    },
    "in the middle": async () => {
      service().script = (reply) => void reply.send("half");
      await runtime().waitUntil("out", (messages) => messages.length === 1);
    },
    "after its end": async () => {
      await runtime().waitForEnds("out");
    },
  };
  for (const [moment, reached] of Object.entries(moments)) {
    it(`X02: one that is cancelled ${moment}, and again, ends once, and the service sees it leave`, async () => {
      if (moment === "before the service answers") service().script = () => {};
      if (moment === "in the middle") service().script = (reply) => void reply.send("half");
      await runtime().deploy(createAskFlow(service().url));
      runtime().inject("ask", { payload: "Hi" });
      await reached();
      runtime().inject("ask", { cancel: true });
      runtime().inject("ask", { cancel: true });
      const [last] = await runtime().waitForEnds("out");
      assert.equal(last!.finishReason, moment === "after its end" ? "stop" : "cancelled");
      await eventually(() => service().openStreams === 0, "the service is alone");
      await pause();
      assert.equal((await runtime().waitForEnds("out")).length, 1);
      assert.deepEqual(runtime().inputs.get("ask"), { got: 3, done: 3 });
    });
  }

  it("X03: of two hundred, eight run, a hundred wait in order, and the rest are refused at once", async () => {
    const waiting: (() => void)[] = [];
    service().script = (reply) => void waiting.push(() => reply.say("x"));
    await runtime().deploy(createAskFlow(service().url, {}, { maxConcurrent: 8, maxQueued: 100 }));
    for (let at = 0; at < 200; at++) runtime().inject("ask", { payload: `${at}`, topic: at });
    const refused = await runtime().waitForEnds("out", 92);
    assert.deepEqual(
      refused.map(({ topic }) => topic),
      Array.from({ length: 92 }, (_, at) => 108 + at),
    );
    assert.ok(refused.every((message) => errorOf(message).code === "overloaded"));
    await eventually(() => waiting.length === 8, "eight run");
    for (let ended = 92; ended < 200; ended++) {
      await eventually(() => waiting.length > 0, "the next has come");
      waiting.shift()!();
      await runtime().waitForEnds("out", ended + 1);
    }
    assert.equal(service().maxOpenStreams, 8);
    const asked = service().requests.map(({ body }) =>
      Number((body["messages"] as Message[])[0]!["content"]),
    );
    for (const [at, number] of asked.entries())
      assert.ok(Math.abs(number - at) < 8, `${number} came as ${at}`);
    assert.equal(runtime().getMessages("errors").length, 92);
    await runtime().waitUntil("completed", (messages) => messages.length === 108);
  });

  it("X04: one that is cancelled in the line leaves it and never connects", async () => {
    service().script = (reply) => void reply.send("half");
    await runtime().deploy(createAskFlow(service().url, { conversation: "flow" }, { maxConcurrent: 1 }));
    for (const topic of ["a", "b", "c"]) runtime().inject("ask", { payload: topic, topic });
    await runtime().waitUntil("out", (messages) => messages.length === 1);
    runtime().inject("ask", { cancel: true, topic: "b" });
    const [last] = await runtime().waitForEnds("out");
    assert.deepEqual([last!.topic, last!.finishReason, last!.parts!.count], ["b", "cancelled", 1]);
    runtime().inject("ask", { cancel: true, topic: "a" });
    await eventually(() => service().requests.length === 2, "the next has come");
    const asked = service().requests.map(({ body }) => (body["messages"] as Message[])[0]!["content"]);
    assert.deepEqual(asked, ["a", "c"]);
  });

  it("X05: the same message twice, with an id of its own making, is two streams with ids of ours", async () => {
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

  it("X06: a hundred that come interleaved are each collected exactly", async () => {
    service().script = stutter;
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

describe("Streams on their way to collect", () => {
  const service = useService();
  const runtime = useRuntime();

  it("X07: that a delay node has shuffled are whole again", async () => {
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
      "nothing was shuffled",
    );
  });

  it("X07: with messages missing are told as what they are, with the text up to there", () => {
    const clock = sinon.useFakeTimers();
    try {
      const collecting = new CollectWorld().take(
        ...createStreamMessages(["a", "b", "c", "d"]).filter((_, at) => at !== 2),
      );
      clock.tick(10_000);
      const [message] = collecting.unfinished;
      assert.equal(message!.payload, "ab");
      assert.equal(errorOf(message).code, "bad_response");
      assert.match(errorOf(message).message, /messages 2 are missing/);
      assert.equal(collecting.errors.length, 1);
    } finally {
      clock.restore();
    }
  });

  it("X08: whose end never comes are given up after the author's time, with what there was", async () => {
    await runtime().deploy([
      TAB,
      createCollectNode({ wires: [["out"], ["out"]], timeout: "0.05" }),
      createSinkNode("out"),
      ...createWitnessNodes("collect"),
    ]);
    for (const message of createStreamMessages(["a", "b"]).slice(0, 2)) runtime().inject("collect", message);
    const [message] = await runtime().waitUntil("out", (arrived) => arrived.length === 1);
    assert.equal(message!.payload, "ab");
    assert.equal(errorOf(message).code, "timeout");
    assert.equal(errorOf(message).partial, "ab");
    const [caught] = await runtime().waitUntil("errors", (arrived) => arrived.length === 1);
    assert.equal(errorOf(caught).code, "timeout");
  });

  it("X09: that are abandoned, thirty thousand of them, take no more memory than a thousand", () => {
    const collecting = new CollectWorld();
    const feed = (from: number, to: number) => {
      for (let at = from; at < to; at++) {
        collecting.take(createStreamMessages(["text"], {}, `stream ${at}`)[0]!);
        if (collecting.unfinished.length === 0) continue;
        assert.equal(errorOf(collecting.unfinished[0]).code, "limit");
        assert.equal(collecting.errors.length, 1);
        collecting.unfinished.length = 0;
        collecting.errors.length = 0;
        collecting.statuses.length = 0;
      }
    };
    feed(0, 5_000);
    const before = heap();
    feed(5_000, 30_000);
    const grown = heap() - before;
    assert.ok(grown < 1_000_000, `the heap grew by ${grown} bytes`);
    collecting.close();
  });
});

/** Bytes of heap that are in use once all rubbish is gone. */
function heap(): number {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let times = 0; times < 3; times++) gc();
  return process.memoryUsage().heapUsed;
}
