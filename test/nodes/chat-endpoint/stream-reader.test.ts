import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { Answers } from "../../../src/node-red/chat-endpoint/answers.js";
import { Departures } from "../../../src/node-red/chat-endpoint/departures.js";
import { StreamReader } from "../../../src/node-red/chat-endpoint/readers/stream-reader.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { CHAT_COMPLETIONS } from "../../../src/serving/chat-completions.js";
import { NAME, SOURCE } from "../../support/serving/any-answer.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

/** A response whose client reads as much as the test says. */
class FakeResponse extends EventEmitter {
  status = 0;
  headersSent = false;
  destroyed = false;
  ended = false;
  text = "";
  /** Bytes that the client has not taken. */
  writableLength = 0;
  /** Whether the client takes everything at once. */
  isReading = true;

  writeHead(status: number): void {
    this.status = status;
    this.headersSent = true;
  }

  flushHeaders(): void {}

  write(text: string): boolean {
    this.text += text;
    if (!this.isReading) this.writableLength += text.length;
    return this.writableLength < 16_384;
  }

  end(text = ""): void {
    this.write(text);
    this.ended = true;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }

  /** The client takes this many bytes. */
  take(bytes: number): void {
    this.writableLength = Math.max(0, this.writableLength - bytes);
    if (this.writableLength === 0) this.emit("drain");
  }
}

describe("A client that reads a stream", () => {
  let clock: FakeClock;
  let response: FakeResponse;
  let answers: Answers;
  let departures: Departures;
  let index: number;

  const OUT = { stop: () => {} };
  const receive = (message: Message, place = index++) =>
    answers.find(NAME.id)?.receive({ ...message, parts: { id: "s", index: place } }, OUT);
  const countFrames = () => response.text.split("\n\n").filter((frame) => frame.startsWith("data: ")).length;

  beforeEach(() => {
    clock = new FakeClock();
    response = new FakeResponse();
    departures = new Departures();
    answers = new Answers(clock, departures);
    index = 0;
    const answer = answers.begin({ name: NAME, owner: "", flow: "in", timeoutMs: 600_000, onEnd: () => {} })!;
    const { createWriter } = CHAT_COMPLETIONS.readRequest(
      { messages: [{ role: "user", content: "Hi" }], stream: true },
      SOURCE,
    );
    answer.addReader(
      new StreamReader({
        answer,
        form: CHAT_COMPLETIONS,
        createWriter: (start) => createWriter(NAME, start),
        response: response as unknown as ServerResponse,
        clock,
      }),
    );
  });
  afterEach(() => {
    answers.interruptAll(() => true);
    response.emit("close");
    assert.equal(clock.timerCount, 0, "timers are left over");
  });

  it("gets the status line with the first text, not with an empty message", () => {
    receive({ payload: "" });
    receive({ payload: "", chunk: { choices: [{ index: 0, delta: { role: "assistant" } }] } });
    assert.equal(response.status, 0);
    receive({ payload: "Hi" });
    assert.equal(response.status, 200);
    assert.equal(countFrames(), 2);
  });

  for (const [what, delta] of [
    ["reasoning", { reasoning_content: "Hm." }],
    ["a tool call", { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "{" } }] }],
    ["a refusal", { refusal: "No." }],
    ["a picture", { images: [{ image_url: { url: "data:" } }] }],
  ] as const) {
    it(`gets the status line with ${what}`, () => {
      receive({ payload: "", chunk: { choices: [{ index: 0, delta }] } });
      assert.equal(response.status, 200);
    });
  }

  it("gets the status line after 8 seconds of silence at the latest, then a comment each 15 seconds", async () => {
    await clock.advance(7_999);
    assert.equal(response.status, 0);
    await clock.advance(1);
    assert.equal(response.status, 200);
    assert.equal(countFrames(), 1);
    await clock.advance(45_000);
    assert.equal(response.text.split(": keep-alive\n\n").length - 1, 3);
    assert.equal(countFrames(), 1);
    // Some clients count no comments: once a minute there is a record.
    await clock.advance(15_000);
    assert.equal(response.text.split(": keep-alive\n\n").length - 1, 3);
    assert.equal(countFrames(), 2);
  });

  it("gets no comment while text comes", async () => {
    for (let second = 0; second < 60; second++) {
      receive({ payload: "x" });
      await clock.advance(1_000);
    }
    assert.doesNotMatch(response.text, /keep-alive/);
  });

  it("gets a failure with its status before 8 seconds, and as a record after", async () => {
    await clock.advance(7_000);
    const error = { code: "overloaded", message: "busy", partial: "" };
    receive({ payload: "", complete: true, finishReason: "error", error });
    assert.equal(response.status, 503);
    assert.ok(response.ended);
  });

  it("gets a failure after the status line as a record", async () => {
    await clock.advance(8_000);
    const error = { code: "overloaded", message: "busy", partial: "" };
    receive({ payload: "", complete: true, finishReason: "error", error });
    assert.equal(response.status, 200);
    assert.match(response.text, /"error":\{"message":"The model is busy[^}]*\}\}\n\n$/);
  });

  it("gets an empty answer as an empty answer", () => {
    receive({ payload: "", complete: true, finishReason: "stop" });
    assert.equal(response.status, 200);
    assert.match(response.text, /"finish_reason":"stop".*\[DONE\]/s);
  });

  it("begins again unseen if only the status line has been sent", async () => {
    await clock.advance(8_000);
    receive({ payload: "", reset: true, ...{} }, 0);
    answers
      .find(NAME.id)
      ?.receive({ payload: "Right", parts: { id: "s", index: 0, restarts: 1 } } as Message, OUT);
    assert.equal(countFrames(), 2);
    assert.equal(response.text.split('"role"').length - 1, 1);
  });

  it("waits for a slow client: the answer waits in the log, and goes on when the client has read", () => {
    response.isReading = false;
    for (let at = 0; at < 30; at++) receive({ payload: "x".repeat(10_000) });
    const sent = response.text.length;
    assert.ok(sent < 90_000, `${sent}`);
    for (let at = 0; at < 10; at++) response.take(1_000_000);
    response.isReading = true;
    receive({ payload: "", complete: true, finishReason: "stop" });
    assert.equal(response.text.split("x".repeat(10_000)).length - 1, 30);
    assert.match(response.text, /\[DONE\]\n\n$/);
  });

  it("is cut off if it takes nothing for 30 seconds, and its model is stopped", async () => {
    response.isReading = false;
    for (let at = 0; at < 30; at++) receive({ payload: "x".repeat(10_000) });
    await clock.advance(29_999);
    assert.equal(response.destroyed, false);
    await clock.advance(1);
    assert.ok(response.destroyed);
    assert.ok(departures.hasLeft({ replyTo: { id: NAME.id } }));
    assert.equal(answers.find(NAME.id), undefined);
  });

  it("is not cut off as long as it takes something", async () => {
    response.isReading = false;
    for (let at = 0; at < 30; at++) receive({ payload: "x".repeat(10_000) });
    for (let at = 0; at < 5; at++) {
      response.writableLength -= 1000;
      await clock.advance(30_000);
      assert.equal(response.destroyed, false);
    }
  });

  it("is cut off too if it takes nothing of the end of an answer", async () => {
    response.isReading = false;
    receive({ payload: "Hi", complete: true, finishReason: "stop" });
    assert.ok(response.ended);
    await clock.advance(30_000);
    assert.ok(response.destroyed);
    assert.equal(departures.hasLeft({ replyTo: { id: NAME.id } }), false);
  });

  it("is cut off when the log no longer has what it has not read", () => {
    response.isReading = false;
    for (let at = 0; at < 500; at++) receive({ payload: "x".repeat(10_000) });
    response.take(1_000_000);
    assert.ok(response.destroyed);
  });

  it("gets an error if the flow gives no sign of life", async () => {
    receive({ payload: "Hi" });
    await clock.advance(599_000);
    assert.equal(response.ended, false);
    await clock.advance(2_000);
    assert.match(response.text, /"code":"timeout"/);
    assert.ok(departures.hasLeft({ replyTo: { id: NAME.id } }));
  });
});
