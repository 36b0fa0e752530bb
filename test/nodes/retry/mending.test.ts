import assert from "node:assert/strict";
import type { ChatMessage, Chunk, Delta } from "../../../src/core/chat/chunk.js";
import type { FailureData } from "../../../src/core/failure.js";
import type { RetryTag } from "../../../src/node-red/messages/ask-tags.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { BROKEN, type Outcome, RetryWorld, readText, runRetry } from "../../support/worlds/retry-world.js";

const rich = (delta: Delta, index = 0): Chunk => ({ choices: [{ index, delta, finish_reason: null }] });
const REASONING = rich({ reasoning_content: "Let me see." });
const CALL = rich({
  tool_calls: [{ index: 0, id: "c", type: "function", function: { name: "f", arguments: "{" } }],
});
const resets = ({ out }: RetryWorld) => out.filter((message) => message["reset"] === true);
const requestedMessages = ({ requests }: RetryWorld, nth: number) =>
  requests[nth]!.message["messages"] as ChatMessage[];

describe("A failure before any text", () => {
  it("sends the same request again, in every setting", async () => {
    for (const afterText of ["continue", "restart", "stop"] as const) {
      const world = await runRetry([BROKEN, { texts: ["Hello"] }], { afterText });
      assert.equal(readText(world.out), "Hello");
      assert.deepEqual(requestedMessages(world, 1), [{ role: "user", content: "Hi" }]);
      assert.equal(resets(world).length, 0);
    }
  });

  it("resets the reader's reasoning once something new arrives, and not before", async () => {
    const world = await runRetry([
      { ...BROKEN, chunks: [REASONING] },
      { ...BROKEN },
      { chunks: [REASONING], texts: ["Hello"] },
    ]);
    assert.equal(resets(world).length, 1);
    assert.equal(world.out.indexOf(resets(world)[0]!), 1);
    assert.deepEqual(
      world.out.map(({ parts }) => parts!.index),
      [0, 0, 0, 1, 2],
    );
  });

  it("does not reset the reader if only empty chunks were sent", async () => {
    const world = await runRetry([
      { ...BROKEN, chunks: [rich({ role: "assistant" }), { choices: [] }] },
      { texts: ["Hello"] },
    ]);
    assert.equal(resets(world).length, 0);
    assert.deepEqual(
      world.out.map(({ parts }) => parts!.index),
      [0, 1, 2, 3],
    );
    assert.equal(world.ends[0]!.parts!.count, 4);
  });
});

describe("A failure after text", () => {
  const HALF: Outcome = { ...BROKEN, texts: ["Once", " upon "] };

  it("continues the answer with a prefill if the service supports it", async () => {
    const world = await runRetry([{ ...HALF, details: { provider: "demo" } }, { texts: [" a", " time"] }]);
    assert.deepEqual(requestedMessages(world, 1).slice(1), [{ role: "assistant", content: "Once upon" }]);
    assert.equal(readText(world.out), "Once upon a time");
  });

  it("continues the answer with a quote if the service does not support a prefill", async () => {
    const world = await runRetry([{ ...HALF, details: { provider: "custom" } }, { texts: ["a", " time"] }]);
    const [, answer, ask] = requestedMessages(world, 1);
    assert.deepEqual(answer, { role: "assistant", content: "Once upon " });
    assert.equal(ask!.role, "user");
    assert.equal(readText(world.out), "Once upon a time");
  });

  it("continues the answer in the way that the author chooses", async () => {
    for (const [continueBy, provider, added] of [
      ["quote", "demo", 2],
      ["prefill", "custom", 1],
    ] as const) {
      const world = await runRetry([{ ...HALF, details: { provider } }, { texts: ["a"] }], { continueBy });
      assert.equal(requestedMessages(world, 1).length, 1 + added);
    }
  });

  it("continues the answer again and again, always from the original question", async () => {
    const world = await runRetry(
      [
        { ...HALF, details: { provider: "demo" } },
        { ...BROKEN, texts: [" a"], details: { provider: "demo" } },
        { ...BROKEN, texts: [" time"], details: { provider: "demo" } },
        { texts: [" there"] },
      ],
      { attempts: 4 },
    );
    assert.equal(readText(world.out), "Once upon a time there");
    assert.deepEqual(requestedMessages(world, 3), [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Once upon a time" },
    ]);
    const { request, stats, parts } = world.ends[0]!;
    assert.deepEqual((request as { messages: unknown }).messages, [{ role: "user", content: "Hi" }]);
    const { attempts, characters, chunks } = stats as Record<string, number>;
    assert.deepEqual([attempts, characters, chunks], [4, 22, 5]);
    assert.equal(parts!.count, world.out.length);
  });

  it("continues the answer if the reader has reasoning before the text", async () => {
    const world = await runRetry([
      { ...HALF, chunks: [REASONING] },
      { chunks: [REASONING], texts: ["a"] },
    ]);
    assert.equal(resets(world).length, 0);
    assert.equal(readText(world.out), "Once upon a");
  });

  it("starts over if afterText is restart: a reset leaves with the first new message, once", async () => {
    const world = await runRetry([HALF, BROKEN, { texts: ["Once", " more"] }], {
      afterText: "restart",
      delay: 1000,
    });
    assert.equal(readText(world.out), "Once more");
    assert.equal(resets(world).length, 1);
    const [reset] = resets(world);
    assert.deepEqual(reset!.parts, { id: "stream-0", index: 0, type: "string", ch: "", restarts: 1 });
    assert.equal(reset!.payload, "");
    assert.deepEqual(requestedMessages(world, 1), [{ role: "user", content: "Hi" }]);
    assert.deepEqual(
      world.out.slice(world.out.indexOf(reset!) + 1).map(({ parts }) => parts!.index),
      [0, 1, 2],
    );
    const { characters } = world.ends[0]!.stats as { characters: number };
    assert.equal(characters, "Once more".length);
  });

  it("leaves the reader's text if no restarted request sends anything", async () => {
    const world = await runRetry([HALF, BROKEN], { afterText: "restart" });
    assert.equal(resets(world).length, 0);
    assert.equal(readText(world.out), "Once upon ");
    assert.equal((world.ends[0]!.error as FailureData).partial, "Once upon ");
    assert.equal(world.ends[0]!.parts!.count, 3);
  });

  it("starts over if the answer broke inside a tool call, which nobody can continue", async () => {
    const world = await runRetry([{ ...HALF, chunks: [CALL] }, { texts: ["Once"] }]);
    assert.equal(resets(world).length, 1);
    assert.deepEqual(requestedMessages(world, 1), [{ role: "user", content: "Hi" }]);
  });

  it("starts over if the answer has several choices or audio", async () => {
    for (const chunk of [rich({ content: "b" }, 1), rich({ audio: { data: "AAAA" } })]) {
      const world = await runRetry([{ ...HALF, chunks: [chunk] }, { texts: ["Once"] }]);
      assert.equal(resets(world).length, 1);
    }
  });

  it("starts over if the answer has a JSON format", async () => {
    for (const parameters of [{ response_format: { type: "json_object" } }, { n: 2 }]) {
      const world = await runRetry([HALF, { texts: ["Once"] }], {}, { options: parameters });
      assert.equal(resets(world).length, 1);
    }
    const text = await runRetry(
      [HALF, { texts: ["Once"] }],
      {},
      { options: { response_format: { type: "text" } } },
    );
    assert.equal(resets(text).length, 0);
  });

  it("starts over if only white space arrived", async () => {
    const world = await runRetry([{ ...BROKEN, texts: ["\n"] }, { texts: ["Once"] }]);
    assert.equal(readText(world.out), "Once");
  });

  it("ends the stream with all its text if afterText is stop", async () => {
    for (const outcome of [HALF, { ...BROKEN, chunks: [CALL] }]) {
      const world = await runRetry([outcome], { afterText: "stop" });
      assert.equal(world.requests.length, 1);
      assert.equal(world.errors.length, 1);
      assert.doesNotMatch(world.errors[0]!.message, /Given up/);
    }
  });
});

describe("A stream in repair", () => {
  it("sends the author's properties, the conversation and an outer sequence with the retry request", async () => {
    const world = new RetryWorld((_asked, nth) => (nth === 0 ? BROKEN : { texts: ["Hello"] }));
    const outer = { id: "split", index: 2, count: 5, type: "array" };
    const error = {
      code: "interrupted",
      message: "x",
      retryable: true,
      phase: "headers",
      provider: "",
      partial: "",
    };
    world.input({
      _msgid: "m",
      topic: "t",
      mine: { a: 1 },
      payload: "",
      parts: { id: "s", index: 0, count: 1, type: "string", ch: "", parts: outer },
      complete: true,
      finishReason: "error",
      usage: null,
      error,
      conversation: [{ role: "user", content: "before" }],
      request: {
        model: "m-1",
        messages: [{ role: "user", content: "Hi" }],
        tools: [{ type: "function" }],
        parameters: { temperature: 0.5 },
      },
    });
    await world.clock.advance(3_000);
    const { _msgid, askedBy, ...request } = world.requests[0]!.message;
    assert.notEqual(_msgid, "m", "it is another message");
    const [{ node, stream, attempt }] = askedBy as [RetryTag];
    assert.deepEqual([node, stream, attempt], ["retry", "s", 2]);
    assert.deepEqual(request, {
      topic: "t",
      mine: { a: 1 },
      payload: "",
      messages: [{ role: "user", content: "Hi" }],
      model: "m-1",
      options: { temperature: 0.5 },
      tools: [{ type: "function" }],
      conversation: [{ role: "user", content: "before" }],
      parts: outer,
    });
  });

  it("sends the answer's format to the fallback, which has a model and parameters of its own", async () => {
    const response_format = { type: "json_object" };
    const options = { response_format, tool_choice: "none", temperature: 1, max_tokens: 5 };
    const world = await runRetry(
      [BROKEN, BROKEN, { texts: ["{}"] }],
      { attempts: 2, wires: [true, true] },
      { options },
    );
    const [, again, elsewhere] = world.requests.map(({ message }) => message);
    assert.deepEqual(again!["options"], options);
    assert.deepEqual(elsewhere!["options"], { response_format, tool_choice: "none" });
    assert.ok(!("model" in elsewhere!));
  });

  it("does not change its request if a flow changes the message", async () => {
    const world = new RetryWorld(() => BROKEN, { attempts: 3 });
    world.changeRequest = (message) => {
      (message["messages"] as ChatMessage[]).push({ role: "user", content: "and more" });
      return message;
    };
    world.ask();
    await world.clock.advance(60_000);
    for (const nth of [1, 2]) assert.equal(requestedMessages(world, nth).length, 2);
    assert.equal((world.ends[0]!.request as { messages: unknown[] }).messages.length, 1);
  });

  it("sends one stream to the reader if a request is answered twice", async () => {
    const world = new RetryWorld((_asked, nth) => (nth === 0 ? BROKEN : { texts: [`${nth}`] }));
    world.changeRequest = (message) => {
      world.ask(structuredClone(message), "again");
      return message;
    };
    world.ask();
    await world.clock.advance(60_000);
    assert.equal(readText(world.out), "1");
    assert.equal(world.ends.length, 1);
    assert.equal(world.done, world.got);
  });

  it("ends as configuration within seconds if no chat-stream takes its request, and names the wire", async () => {
    const world = new RetryWorld(() => ({ ...BROKEN, texts: ["Once"] }));
    world.changeRequest = () => undefined;
    world.ask({ _msgid: "m" });
    await world.clock.advance(15_000);
    const [end] = world.ends;
    assert.equal((end!.error as FailureData).code, "configuration");
    assert.equal((end!.error as FailureData).partial, "Once");
    assert.equal(end!._msgid, "m");
    assert.equal(end!.parts!.count, 2);
    assert.match(world.errors[0]!.message, /output 2 \(to “chat-stream”\), and no chat-stream took it/);
    assert.equal(world.clock.timerCount, 0);
  });

  it("waits as long as a chat-stream works on its request", async () => {
    const world = new RetryWorld((_asked, nth) =>
      nth === 0 ? BROKEN : { takesMs: 1_200_000, texts: ["Hello"] },
    );
    world.ask();
    await world.clock.advance(1_300_000);
    assert.equal(readText(world.out), "Hello");
    assert.equal(world.errors.length, 0);
  });

  it("drops an answer that arrives after the timeout", async () => {
    const world = new RetryWorld((_asked, nth) =>
      nth === 0 ? BROKEN : { takesMs: 5_000_000, texts: ["late"] },
    );
    world.ask();
    await world.clock.advance(10_000_000);
    assert.equal(world.ends.length, 1);
    assert.equal(joinPayloads(world.out), "");
    assert.equal(world.done, world.got);
  });

  it("forgets a stream that needed no repair and never ends, without an error", async () => {
    const world = new RetryWorld(() => BROKEN);
    for (let nth = 0; nth < 5000; nth++) {
      const parts = { id: `${nth}`, index: 0, type: "string", ch: "" };
      world.input({ payload: "", parts, chunk: REASONING });
    }
    assert.equal(world.out.length, 5000);
    await world.clock.advance(4_000_000);
    assert.equal(world.out.length, 5000);
    assert.equal(world.errors.length, 0);
    assert.equal(world.clock.timerCount, 0);
  });

  it("ends the oldest of a thousand and one streams with limit, and no other", async () => {
    const world = new RetryWorld(() => BROKEN, { delay: 20_000 });
    for (let nth = 0; nth < 1001; nth++) world.ask({ _msgid: `${nth}` });
    await world.clock.advance(101);
    assert.equal(world.ends.length, 1);
    assert.equal((world.ends[0]!.error as FailureData).code, "limit");
    assert.equal(world.ends[0]!._msgid, "0");
    assert.equal(world.done, world.got - 1000);
    world.controller.close();
    assert.equal(world.done, world.got);
    assert.equal(world.clock.timerCount, 0);
  });
});

describe("The order of a stream at a retry node", () => {
  const world = () => new RetryWorld(() => BROKEN);
  const at = (index: number, more: Message = {}): Message => ({
    payload: `${index}`,
    parts: { id: "s", index, type: "string", ch: "" },
    ...more,
  });
  const last = (index: number): Message =>
    at(index, { complete: true, parts: { id: "s", index, count: index + 1 }, finishReason: "stop" });
  const indexesOf = ({ out }: RetryWorld) => out.map(({ parts }) => parts!.index);

  it("is restored if messages overtook each other", () => {
    const retry = world();
    for (const message of [at(1), last(3), at(0), at(2)]) retry.input(message);
    assert.deepEqual(indexesOf(retry), [0, 1, 2, 3]);
    assert.equal(retry.done, 4);
    assert.equal(retry.clock.timerCount, 0);
  });

  it("has each message once, though they came twice, also after the last one", () => {
    const retry = world();
    for (const message of [at(0), at(0), at(2), at(2), at(1), last(3), last(3), at(1)]) retry.input(message);
    assert.deepEqual(indexesOf(retry), [0, 1, 2, 3]);
    assert.equal(retry.done, 8);
    assert.equal(retry.clock.timerCount, 0);
  });

  it("ends with an error that names the missing message, once that was waited for", async () => {
    const retry = world();
    for (const message of [at(0), at(2), last(3)]) retry.input(message);
    assert.deepEqual(indexesOf(retry), [0]);
    await retry.clock.advance(4_000);
    assert.equal(retry.ends.length, 0);
    await retry.clock.advance(2_000);
    assert.deepEqual(indexesOf(retry), [0, 1]);
    const error = retry.ends[0]!.error as FailureData;
    assert.equal(error.code, "bad_response");
    assert.match(error.message, /messages 1 are missing/);
    assert.equal(error.partial, "0");
    assert.equal(retry.done, 3);
    assert.equal(retry.clock.timerCount, 0);
  });

  it("asks once, though the last message of a failed stream comes twice", async () => {
    const retry = new RetryWorld((_asked, nth) => (nth === 0 ? BROKEN : { texts: ["Hello"] }));
    const input = retry.input.bind(retry);
    retry.input = (message) => {
      const copy = structuredClone(message);
      input(message);
      input(copy);
    };
    retry.ask();
    await retry.clock.advance(60_000);
    assert.equal(retry.requests.length, 2);
    assert.equal(readText(retry.out), "Hello");
    assert.equal(retry.ends.length, 1);
    assert.equal(retry.done, retry.got);
  });

  it("goes on after a deploy, though the stream's beginning went to the node's earlier life", async () => {
    const retry = world();
    for (const message of [at(5), at(6)]) retry.input(message);
    await retry.clock.advance(6_000);
    retry.input(last(7));
    assert.deepEqual(indexesOf(retry), [5, 6, 7]);
    assert.equal(retry.errors.length, 0);
  });
});
