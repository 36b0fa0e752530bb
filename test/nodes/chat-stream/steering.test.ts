import assert from "node:assert/strict";
import { RestartableRuntime } from "../../support/flows/kept.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { createCallChunks, createRouterFlow, readRequestMessages } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

/** A service that calls `get_weather` until it has two results, and then says what the user said last. */
const callTwice: Script = async (reply, { body }) => {
  const messages = readRequestMessages({ body });
  const since = messages.slice(messages.findIndex(({ role }) => role === "user"));
  const results = since.filter(({ role }) => role === "tool").length;
  const said = messages.findLast(({ role }) => role === "user")!.content;
  if (results === 2 || said === "plain") return reply.say(`You said: ${String(said)}`);
  await reply.sendApart(
    `Turn ${results + 1}. `,
    ...createCallChunks("get_weather", { city: "Rome" }, 0, `c${results}`),
  );
  return reply.finish("tool_calls");
};

describe("A chat-stream that steers", () => {
  const service = useService();
  const runtime = useRuntime();
  beforeEach(() => {
    service().script = callTwice;
  });

  const deploy = (router: object = {}, stream: object = {}) =>
    runtime().deploy(
      createRouterFlow(service().url, {
        stream: { conversation: "flow", whenBusy: "steer", ...stream },
        router: { ...router },
      }),
    );
  const ask = (payload: unknown, more: object = {}) =>
    runtime().inject("router", { payload, topic: "t", who: payload, ...more });
  /** Waits for the call number `count`, and answers it. */
  const answer = async (count: number) => {
    const calls = await runtime().waitUntil("weather", ({ length }) => length >= count);
    runtime().inject("router", { ...calls[count - 1], payload: `sun ${count}` });
  };
  const readRoles = (nth: number) =>
    readRequestMessages(service().requests[nth]!).map(({ role, content }) =>
      role === "assistant" ? role : `${role}: ${String(content)}`,
    );
  const readText = (who: string) =>
    joinPayloads(
      runtime()
        .getMessages("out")
        .filter((message) => message["who"] === who),
    );

  it("puts a question into the next turn of the run that is under way, after the results of its tools", async () => {
    await deploy();
    ask("Hi");
    await runtime().waitUntil("weather", ({ length }) => length === 1);
    ask("In Celsius");
    await pause();
    assert.equal(service().requests.length, 1);
    await answer(1);
    await answer(2);
    const lasts = await runtime().waitForEnds("out", 2);
    assert.deepEqual(readRoles(1), ["user: Hi", "assistant", "tool: sun 1", "user: In Celsius"]);
    assert.deepEqual(readRoles(2), [
      "user: Hi",
      "assistant",
      "tool: sun 1",
      "user: In Celsius",
      "assistant",
      "tool: sun 2",
    ]);
    assert.equal(readText("Hi"), "Turn 1. Turn 2. You said: In Celsius");
    // The question's own stream ends at once, and says where it went.
    const steered = lasts.find((last) => last["who"] === "In Celsius")!;
    const run = lasts.find((last) => last["who"] === "Hi")!;
    assert.deepEqual(
      [steered.payload, steered.finishReason, steered["steered"], steered.error],
      ["", "steered", run.parts!.id, undefined],
    );
    assert.equal(run["steered"], undefined);
    const conversation = run["conversation"] as { role: string }[];
    assert.deepEqual(
      conversation.map(({ role }) => role),
      ["user", "assistant", "tool", "user", "assistant", "tool", "assistant"],
    );
  });

  it("puts several questions into one turn, in the order in which they came", async () => {
    await deploy();
    ask("Hi");
    await runtime().waitUntil("weather", ({ length }) => length === 1);
    ask("one");
    ask("two");
    await answer(1);
    await runtime().waitUntil("weather", ({ length }) => length === 2);
    assert.deepEqual(readRoles(1).slice(-3), ["tool: sun 1", "user: one", "user: two"]);
  });

  it("keeps a question that went into the last turn in the conversation, before the answer", async () => {
    await deploy();
    ask("Hi");
    await answer(1);
    await runtime().waitUntil("weather", ({ length }) => length === 2);
    ask("In Celsius");
    await answer(2);
    const lasts = await runtime().waitForEnds("out", 2);
    const { conversation } = lasts.find((last) => last["who"] === "Hi")!;
    assert.deepEqual(
      (conversation as { role: string }[]).map(({ role }) => role),
      ["user", "assistant", "tool", "assistant", "tool", "user", "assistant"],
    );
  });

  it("asks a question as a new one if the run ends without another turn, with what the run has said", async () => {
    await deploy();
    ask("Hi");
    await answer(1);
    await runtime().waitUntil("weather", ({ length }) => length === 2);
    const held: (() => void)[] = [];
    service().script = (reply, request) => void held.push(() => void callTwice(reply, request));
    await answer(2);
    await service().waitForRequests(3);
    ask("plain");
    await pause();
    assert.equal(service().requests.length, 3);
    service().script = callTwice;
    held[0]!();
    const lasts = await runtime().waitForEnds("out", 2);
    assert.deepEqual(
      lasts.map(({ finishReason }) => finishReason),
      ["stop", "stop"],
    );
    assert.deepEqual(readRoles(3).slice(-2), ["assistant", "user: plain"]);
    assert.equal(readText("plain"), "You said: plain");
  });

  it("asks a question as a new one if the run is cancelled while its tools are at work", async () => {
    await deploy();
    ask("Hi");
    const [call] = await runtime().waitUntil("weather", ({ length }) => length === 1);
    ask("plain");
    await pause();
    runtime().inject("router", { cancel: true, toolCall: call!["toolCall"] });
    const lasts = await runtime().waitForEnds("out", 2);
    assert.deepEqual(
      lasts.map(({ finishReason }) => finishReason),
      ["cancelled", "stop"],
    );
    assert.equal(readText("plain"), "You said: plain");
  });

  it("lets questions of other conversations pass", async () => {
    await deploy();
    ask("Hi");
    await runtime().waitUntil("weather", ({ length }) => length === 1);
    ask("plain", { topic: "other" });
    const [last] = await runtime().waitForEnds("out", 1);
    assert.equal(last!["who"], "plain");
    assert.deepEqual(readRoles(1), ["user: plain"]);
  });

  it("cancels a question that waits together with the run that it waits for, and asks nothing more", async () => {
    await deploy();
    ask("Hi");
    await runtime().waitUntil("weather", ({ length }) => length === 1);
    ask("never mind", { topic: "t" });
    await pause();
    runtime().inject("ask", { cancel: true, topic: "t" });
    const lasts = await runtime().waitForEnds("out", 2);
    assert.deepEqual(lasts.map(({ who, finishReason }) => `${who}: ${finishReason}`).sort(), [
      "Hi: cancelled",
      "never mind: cancelled",
    ]);
    await pause();
    assert.equal(service().requests.length, 1);
  });

  it("fails a question that is no prompt, and lets the run go on", async () => {
    await deploy();
    ask("Hi");
    await runtime().waitUntil("weather", ({ length }) => length === 1);
    ask({ prompt: { wrong: true } }, { who: "wrong" });
    await answer(1);
    await answer(2);
    const lasts = await runtime().waitForEnds("out", 2);
    assert.equal((lasts[0]!.error as { code: string }).code, "invalid_request");
    assert.equal(lasts[1]!.finishReason, "stop");
    assert.deepEqual(readRoles(1), ["user: Hi", "assistant", "tool: sun 1"]);
  });

  it("waits for the answer before, if no router is there", async () => {
    service().script = (reply, { body }) =>
      reply.say(`You said: ${String(readRequestMessages({ body }).at(-1)!.content)}`);
    await runtime().deploy(createAskFlow(service().url, { conversation: "flow", whenBusy: "steer" }));
    for (const payload of ["one", "two", "three"]) runtime().inject("ask", { payload, topic: "t" });
    await runtime().waitForEnds("out", 3);
    assert.deepEqual(readRoles(2), ["user: one", "assistant", "user: two", "assistant", "user: three"]);
  });

  it("lets go of everything that waits with a deploy", async () => {
    await deploy();
    ask("Hi");
    await runtime().waitUntil("weather", ({ length }) => length === 1);
    ask("lost");
    await pause();
    await deploy();
    runtime().clearMessages();
    ask("plain", { topic: "t" });
    const [last] = await runtime().waitForEnds("out", 1);
    assert.equal(last!["who"], "plain");
  });

  it("steers a kept run after a restart from its next turn on", async () => {
    const red = new RestartableRuntime();
    try {
      const first = await red.start();
      const flow = createRouterFlow(service().url, {
        stream: { conversation: "flow", whenBusy: "steer" },
        router: { keepRuns: "file" },
      });
      await first.deploy(flow);
      first.inject("router", { payload: "Hi", topic: "t", who: "Hi" });
      const [call] = await first.waitUntil("weather", ({ length }) => length === 1);
      const second = await red.restart();
      second.inject("router", { ...call, payload: "sun 1" });
      await second.waitUntil("weather", ({ length }) => length === 1);
      second.inject("router", { payload: "In Celsius", topic: "t", who: "In Celsius" });
      await pause();
      second.inject("router", { ...second.getMessages("weather")[0], payload: "sun 2" });
      await second.waitForEnds("out", 2);
      assert.deepEqual(readRoles(2).slice(-3), ["assistant", "tool: sun 2", "user: In Celsius"]);
    } finally {
      await red.end();
    }
  });
});
