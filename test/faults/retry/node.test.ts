import assert from "node:assert/strict";
import type { FailureCode, FailureData } from "../../../src/core/failure.js";
import type { Headers } from "../../../src/core/headers.js";
import { findRetryTag } from "../../../src/node-red/messages/ask-tags.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { getProvider } from "../../../src/providers/index.js";
import {
  createWorldFailingOnce,
  FAILS,
  type Outcome,
  RetryWorld,
  SUCCEEDS,
} from "../../support/worlds/retry-world.js";

/** Creates the outcome of a request that a service refuses, classified as chat-stream does it. */
function createRefusal(
  status: number,
  headers: Headers = {},
  message = "No",
  now = 1_800_000_000_000,
): Outcome {
  const body = JSON.stringify({ error: { message } });
  const failure: FailureData = getProvider("custom").readError(status, headers, body, now).toJSON();
  return { takesMs: 10, fails: failure.code, details: failure };
}

/** Asks and waits until the stream has ended. @returns when the requests left, in milliseconds */
async function runToEnd(world: RetryWorld, message: Message = { payload: "Hi" }): Promise<number[]> {
  world.ask(message);
  await world.clock.advance(600_000);
  assert.equal(world.ends.length, 1);
  assert.equal(world.done, world.got);
  assert.equal(world.clock.timerCount, 0);
  return world.requests.map(({ at }) => at);
}

describe("Retry node", () => {
  const formatDate = (milliseconds: number) => new Date(1_800_000_000_000 + milliseconds).toUTCString();
  for (const [hint, headers, message, waitMs] of [
    ["in seconds", { "retry-after": "7" }, "", 7_000],
    ["in milliseconds, which wins", { "retry-after-ms": "1500", "retry-after": "7" }, "", 1_500],
    ["as a date", { "retry-after": formatDate(9_000) }, "", 9_000],
    ["in words only", {}, "Rate limit. Please try again after 20 seconds", 20_000],
    ["in the past", { "retry-after": formatDate(-60_000) }, "", 0],
    ["as nonsense", { "retry-after": "soon" }, "", 0],
    ["as nothing", { "retry-after": "", "retry-after-ms": "" }, "", 0],
    ["as NaN", { "retry-after": "NaN" }, "", 0],
  ] as const) {
    it(`Y01: waits as long as the service asks with a hint ${hint}`, async () => {
      const [, second] = await runToEnd(createWorldFailingOnce(createRefusal(429, headers, message)));
      // The random part of the wait is half of 1 s here.
      assert.equal(second, 10 + waitMs + 500);
    });
  }

  for (const [hint, headers, reason] of [
    ["beyond the limit", { "retry-after": "3600" }, /wait 3600 s; the limit here is 20 s/],
    ["beyond all bounds", { "retry-after": "1e9" }, /wait 1000000000 s/],
    ["negative, which means never", { "retry-after": "-1" }, /not to be retried/],
  ] as const) {
    it(`Y01: gives up and says why if the hint is ${hint}`, async () => {
      const world = createWorldFailingOnce(createRefusal(429, headers));
      assert.equal((await runToEnd(world)).length, 1);
      assert.equal(world.errors.length, 1);
      assert.match(world.errors[0]!.message, reason);
      assert.match((world.ends[0]!.error as FailureData).message, reason);
      assert.equal((world.ends[0]!.error as FailureData).code, "rate_limit");
    });
  }

  it("Y04: does not repeat a request after text has come if afterText is stop", async () => {
    const world = createWorldFailingOnce({ ...FAILS, texts: ["Once", " upon"] }, { afterText: "stop" });
    assert.equal((await runToEnd(world)).length, 1);
    assert.equal((world.ends[0]!.error as FailureData).partial, "Once upon");
    assert.equal(world.errors.length, 1);
  });

  it("Y04: finds its tag on each message of a repeated request, and removes it for the reader", async () => {
    const world = createWorldFailingOnce({ ...FAILS, texts: ["Once", " upon"] });
    const seen: number[] = [];
    const { controller } = world;
    const input = controller.input.bind(controller);
    controller.input = (message, send, done) => {
      seen.push(findRetryTag(message)?.attempt ?? 1);
      input(message, send, done);
    };
    await runToEnd(world);
    assert.deepEqual(seen, [1, 1, 1, 2, 2, 2]);
    assert.ok(world.out.every((message) => !("askedBy" in message)));
    assert.equal((world.ends[0]!.stats as { attempts: number }).attempts, 2);
  });

  for (const status of [400, 401, 402, 403, 404, 405, 413, 415, 422, 501, 505]) {
    it(`Y05: never repeats a request that was refused with ${status}`, async () => {
      const world = createWorldFailingOnce(createRefusal(status));
      assert.equal((await runToEnd(world)).length, 1);
      assert.equal(world.errors.length, 1);
      assert.equal(world.ends[0]!.finishReason, "error");
    });
  }

  it("Y05: never repeats a request that failed by an empty account, a bad key or a long conversation, whatever the status", async () => {
    for (const [status, message] of [
      [429, "You exceeded your current quota, please check your plan and billing details."],
      [403, "Invalid API key"],
      [500, "This model's maximum context length is 8192 tokens."],
    ] as const) {
      assert.equal(
        (await runToEnd(createWorldFailingOnce(createRefusal(status, {}, message)))).length,
        1,
        message,
      );
    }
  });

  for (const status of [408, 409, 425, 429, 500, 502, 503, 504, 529]) {
    it(`Y06: repeats a request that was refused with ${status}`, async () => {
      const world = createWorldFailingOnce(createRefusal(status));
      assert.equal((await runToEnd(world)).length, 2);
      assert.equal(world.ends[0]!.finishReason, "stop");
      assert.equal(world.errors.length, 0);
    });
  }

  for (const code of ["connection", "timeout", "interrupted", "overloaded"] as FailureCode[]) {
    it(`Y06: repeats a request that failed with ${code} before text has come`, async () => {
      const world = createWorldFailingOnce({ fails: code }, { afterText: "stop" });
      assert.equal((await runToEnd(world)).length, 2);
      assert.equal(world.ends[0]!.finishReason, "stop");
    });
  }

  it("Y07: obeys x-should-retry, whatever the status", async () => {
    assert.equal(
      (await runToEnd(createWorldFailingOnce(createRefusal(503, { "x-should-retry": "false" })))).length,
      1,
    );
    assert.equal(
      (await runToEnd(createWorldFailingOnce(createRefusal(400, { "x-should-retry": "true" })))).length,
      2,
    );
  });

  for (const [problem, tags] of [
    ["missing", undefined],
    ["a string", "x"],
    ["a list of other things", [{ stream: 1, node: {} }]],
  ] as const) {
    it(`Y08: recognises and counts its requests by their _msgid if msg.askedBy is ${problem}`, async () => {
      const world = new RetryWorld(() => FAILS, { attempts: 4 });
      world.changeRequest = ({ askedBy: _, ...message }) =>
        tags === undefined ? message : { ...message, askedBy: tags };
      world.ask({ payload: "Hi", _msgid: "m" });
      await world.clock.advance(600_000);
      assert.equal(world.requests.length, 4);
      assert.equal(world.clock.timerCount, 0);
      assert.deepEqual(
        world.ends.map(({ error }) => (error as FailureData).code),
        ["server_error"],
      );
      assert.match(world.errors[0]!.message, /Given up after 4 attempts/);
    });
  }

  for (const attempt of [-5, Number.NaN, "1", 1e9, null]) {
    it(`Y08: counts attempts itself, even if the tag in msg.askedBy says attempt ${attempt}`, async () => {
      const world = new RetryWorld(() => FAILS, { attempts: 4 });
      world.changeRequest = (message) => ({ ...message, askedBy: [{ ...findRetryTag(message), attempt }] });
      assert.equal((await runToEnd(world)).length, 4);
      assert.equal((world.ends[0]!.stats as { attempts: number }).attempts, 4);
      assert.match(world.errors[0]!.message, /Given up after 4 attempts/);
    });
  }

  it("Y08: tells streams apart that the same message asks for at the same time", async () => {
    const world = new RetryWorld((_request, nth) =>
      nth < 2 ? { ...FAILS, takesMs: 10 + nth * 400 } : SUCCEEDS,
    );
    for (const payload of ["Hi", "Hi"]) world.ask({ payload, _msgid: "m" });
    await world.clock.advance(60_000);
    assert.equal(world.requests.length, 4);
    assert.deepEqual(
      world.ends.map(({ finishReason }) => finishReason),
      ["stop", "stop"],
    );
  });

  it("Y08: tells a stream apart that the same message asks for during the repetition of another", async () => {
    const world = new RetryWorld(
      (_request, nth) => [FAILS, { ...SUCCEEDS, takes: 5_000 }, FAILS][nth] ?? SUCCEEDS,
    );
    world.ask({ payload: "Hi", _msgid: "m" });
    await world.clock.advance(2_000);
    world.ask({ payload: "Hi", _msgid: "m" });
    await world.clock.advance(60_000);
    assert.equal(world.requests.length, 4);
    assert.deepEqual(
      world.ends.map(({ finishReason, stats, _msgid }) => [
        finishReason,
        (stats as { attempts: number }).attempts,
        _msgid,
      ]),
      [
        ["stop", 2, "m"],
        ["stop", 2, "m"],
      ],
    );
    assert.ok(world.out.every(({ _msgid }) => _msgid === "m"));
    assert.equal(world.errors.length, 0);
  });

  it("Y10: passes on messages of streams that did not fail, once and unchanged", () => {
    const world = new RetryWorld(() => SUCCEEDS);
    const parts = { id: "a", index: 0, type: "string", ch: "" };
    const messages: Message[] = [
      { payload: "plain" },
      { payload: { any: "thing" }, parts: { id: "x", index: 1, count: 5, type: "array" } },
      { payload: "text", parts: { ...parts }, topic: "t" },
      {
        payload: "",
        parts: { ...parts, index: 1 },
        chunk: { choices: [{ index: 0, delta: { reasoning_content: "r" } }] },
      },
      {
        payload: "",
        parts: { ...parts, index: 2, count: 3 },
        complete: true,
        finishReason: "stop",
        usage: null,
      },
      { payload: "", parts: { id: "b", index: 0, count: 1 }, complete: true, finishReason: "cancelled" },
    ];
    const before = structuredClone(messages);
    for (const message of messages) world.input(message);
    assert.deepEqual(world.out, before);
    for (const [at, message] of messages.entries()) assert.equal(world.out[at], message, "the same object");
    world.input({ ...messages[3]! });
    assert.equal(world.out.length, messages.length, "a repeated message is dropped");
    assert.equal(world.done, messages.length + 1);
    assert.equal(world.clock.timerCount, 0);
  });

  it("Y11: sends its own error on only once if a Catch node sends it back", async () => {
    const world = new RetryWorld(() => FAILS, { attempts: 1 });
    world.ask({ payload: "Hi" });
    await world.clock.advance(1_000);
    assert.equal(world.errors.length, 1);
    for (let round = 0; round < 3; round++) {
      const error = { message: "It failed.", source: { id: "retry", type: "retry", count: 1 } };
      world.input({ ...world.ends[0]!, error });
    }
    assert.equal(world.errors.length, 1, "no further error");
    assert.equal(world.ends.length, 1, "no further last message");
    assert.equal(world.requests.length, 1);
    assert.match(String(world.warnings[0]), /cannot repair messages from a Catch node/);
  });

  it("Y11: fails with configuration and says how to wire it if a Catch node is wired to its input", () => {
    const world = new RetryWorld(() => SUCCEEDS);
    const error = { message: "It failed.", source: { id: "ask", type: "chat-stream", count: 1 } };
    for (const message of [{ payload: "Hi" }, { payload: "Hi", parts: { id: "split", index: 0, count: 3 } }])
      world.input({ ...message, error });
    assert.equal(world.errors.length, 2);
    for (const { code, message } of world.errors) {
      assert.equal(code, "configuration");
      assert.match(message, /directly behind a chat-stream, and output 2 back/);
    }
    assert.equal(world.out.length, 0);
    assert.equal(world.clock.timerCount, 0);
  });

  for (const jump of [3_600_000, -3_600_000]) {
    it(`Y12: waits for the right time even if the wall clock jumps by ${jump / 3_600_000} h`, async () => {
      const world = createWorldFailingOnce(createRefusal(429, { "retry-after": "7" }));
      world.ask({ payload: "Hi" });
      await world.clock.advance(1_000);
      const { date } = world.clock;
      world.clock.date = () => date.call(world.clock) + jump;
      await world.clock.advance(20_000);
      assert.equal(world.requests[1]!.at, 7_510);
      assert.equal((world.ends[0]!.stats as { durationMs: number }).durationMs, 7_520);
    });
  }

  it("Y13: sends one late request if the event loop was blocked during the wait", async () => {
    const world = createWorldFailingOnce(createRefusal(429, { "retry-after": "7" }));
    world.ask({ payload: "Hi" });
    await world.clock.advance(6_000);
    await world.clock.jump(5_000);
    assert.deepEqual(
      world.requests.map(({ at }) => at),
      [0, 11_000],
    );
    await world.clock.advance(1_000);
    assert.equal(world.ends[0]!.finishReason, "stop");
  });

  it("Y14: sends one request after the machine slept, and repairs the next stream as usual", async () => {
    const world = new RetryWorld((_request, nth) => (nth % 2 === 0 ? FAILS : SUCCEEDS), {
      random: () => 0.5,
    });
    world.ask({ payload: "Hi" });
    await world.clock.advance(20);
    await world.clock.jump(8 * 3_600_000);
    await world.clock.advance(1_000);
    assert.equal(world.requests.length, 2);
    world.ask({ payload: "Hi" });
    await world.clock.advance(1_000);
    assert.deepEqual(
      world.ends.map(({ finishReason }) => finishReason),
      ["stop", "stop"],
    );
    assert.equal(world.clock.timerCount, 0);
  });
});
