import assert from "node:assert/strict";
import { guardEachTest } from "../../support/runtime/guards.js";
import { DONE, formatAnswer, TEXT, WORDS } from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import type { Peer } from "../../support/services/peer.js";
import { waitUntil } from "../../support/waiting.js";
import {
  ask,
  assertStreamComplete,
  assertStreamFailed,
  SHORT_MS,
  startStream,
} from "../../support/worlds/started-stream.js";

const RECORDS = formatAnswer(WORDS);

describe("Fault of the network at any byte or record", () => {
  guardEachTest();

  /** Asserts that an answer that breaks off at any byte is interrupted, or complete from the finish reason on. */
  async function assertCutAnywhere(
    framing: "chunked" | "close" | "length",
    breakOff: (peer: Peer) => void,
  ): Promise<void> {
    const text = "ü👋\n";
    const body = Buffer.from(
      `${[...text].map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`).join("")}data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n${DONE}`,
    );
    // A record without its blank line counts only if the body ended properly.
    const finished = body.indexOf(DONE) - (framing === "close" ? "\n\n".length : 0);
    await using server = await startChaosServer(async (peer, at) => {
      await peer.sendStreamHead(framing === "length" ? body.length : framing);
      // The announced chunk is longer than the part that is sent.
      const size = framing === "chunked" ? `${body.length.toString(16)}\r\n` : "";
      await peer.write(Buffer.concat([Buffer.from(size), body.subarray(0, at)]));
      breakOff(peer);
    });
    for (let at = 0; at < body.length; at++) {
      const answer = await ask(server);
      assert.ok(text.startsWith(answer.text), `a prefix, cut at ${at}`);
      if (at >= finished) assertStreamComplete(answer, text);
      else {
        const phase = answer.text === "" ? "first_chunk" : "streaming";
        assertStreamFailed(answer, "interrupted", { phase, retryable: true, partial: answer.text });
      }
    }
  }

  it("N13: fails with interrupted if the connection closes at any byte of a chunked body", () =>
    assertCutAnywhere("chunked", (peer) => peer.close()));

  it("N13: fails with interrupted if the connection closes at any byte of a body with a content length", () =>
    assertCutAnywhere("length", (peer) => peer.close()));

  it("N14: fails with interrupted if the connection closes at any byte of a body that only the close ends", () =>
    assertCutAnywhere("close", (peer) => peer.close()));

  const FAULTS: Record<string, (peer: Peer) => unknown> = {
    reset: (peer) => peer.reset(),
    hang_up: (peer) => peer.close(),
    silence: (peer) => peer.waitUntilGone(),
    garbage: (peer) => peer.sendBody("data: {broken\n\n"),
    not_http: (peer) => peer.write("this is no chunk size\r\n"),
    an_error: (peer) =>
      peer.sendBody('data: {"error":{"message":"Overloaded","type":"overloaded_error"}}\n\n'),
    another_shape: (peer) => peer.sendBody('data: {"choices":"none"}\n\n'),
  };
  const CODES: Record<string, [string, boolean]> = {
    reset: ["interrupted", true],
    hang_up: ["interrupted", true],
    silence: ["timeout", true],
    garbage: ["bad_response", true],
    not_http: ["bad_response", false],
    an_error: ["overloaded", true],
    another_shape: ["bad_response", false],
  };

  /** Faults that do no harm after the finish reason, because the answer is all there. */
  const HARMLESS_LATE = ["reset", "hang_up", "silence", "garbage", "another_shape"];

  for (const [name, fault] of Object.entries(FAULTS)) {
    it(`C3: ends once and sends a prefix of the text after ${name.replaceAll("_", " ")} at any record`, async () => {
      await Promise.all(
        RECORDS.map(async (_record, step) => {
          await using server = await startChaosServer(async (peer) => {
            await peer.sendStreamHead();
            for (const record of RECORDS.slice(0, step)) await peer.sendBody(record);
            const sent = WORDS.slice(0, Math.max(0, step - 1)).join("");
            await waitUntil(() => stream.getText() === sent, "the text is sent on");
            await fault(peer);
            await peer.sendBody(DONE);
            await peer.endBody();
          });
          const timeouts = { idle: SHORT_MS, firstChunk: SHORT_MS, drain: SHORT_MS };
          const stream = startStream(server, name === "silence" ? { timeouts } : {});
          const answer = await stream.finished;
          assert.ok(TEXT.startsWith(answer.text));
          const finished = step > WORDS.length + 1;
          const [code, retryable] = CODES[name]!;
          if (finished && HARMLESS_LATE.includes(name)) assertStreamComplete(answer, TEXT);
          else {
            assert.deepEqual(
              [answer.result.failure?.code, answer.result.failure?.retryable],
              [code, retryable],
            );
            assert.equal(answer.text, WORDS.slice(0, Math.max(0, step - 1)).join(""));
          }
          await server.waitUntilEmpty();
        }),
      );
    });
  }
});
