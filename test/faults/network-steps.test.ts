import assert from "node:assert/strict";
import { guardEachTest } from "../support/runtime/guards.js";
import { DONE, formatAnswer, TEXT, WORDS } from "../support/services/answers.js";
import { startChaosServer } from "../support/services/chaos-server.js";
import type { Framing, Peer } from "../support/services/peer.js";
import { until } from "../support/waiting.js";
import { ask, assertComplete, assertFailed, start } from "../support/worlds/asking.js";

/** Short enough to wait for, long enough that a busy machine does not trip over it. */
const SOON = 40;

const RECORDS = formatAnswer(WORDS);

describe("Faults of the network, at every place", () => {
  guardEachTest();

  /** Breaks the answer off at each byte of it; whatever comes out must be what the whole bytes allow. */
  async function cutEverywhere(framing: Framing, broken: (peer: Peer) => void): Promise<void> {
    const text = "ü👋\n";
    const body = Buffer.from(
      `${[...text].map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`).join("")}data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n${DONE}`,
    );
    // Only a clean end lets a record count that lacks its blank line.
    const finished = body.indexOf(DONE) - (framing === "close" ? "\n\n".length : 0);
    await using server = await startChaosServer(async (peer, at) => {
      await peer.sendStreamHead(framing === "close" || framing === "chunked" ? framing : body.length);
      // The chunk that is announced is longer than what comes of it.
      const size = framing === "chunked" ? `${body.length.toString(16)}\r\n` : "";
      await peer.write(Buffer.concat([Buffer.from(size), body.subarray(0, at)]));
      broken(peer);
    });
    for (let at = 0; at < body.length; at++) {
      const told = await ask(server);
      assert.ok(text.startsWith(told.text), `a prefix, cut at ${at}`);
      if (at >= finished) assertComplete(told, text);
      else {
        const phase = told.text === "" ? "first_chunk" : "streaming";
        assertFailed(told, "interrupted", { phase, retryable: true, partial: told.text });
      }
    }
  }

  it("N13: the end inside a chunked frame, at every byte, is an interrupted answer", () =>
    cutEverywhere("chunked", (peer) => peer.close()));

  it("N13: so it is where the length was promised", () => cutEverywhere(1, (peer) => peer.close()));

  it("N14: and where nothing but the connection's end tells, at every byte", () =>
    cutEverywhere("close", (peer) => peer.close()));

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

  for (const [name, fault] of Object.entries(FAULTS)) {
    it(`C3: ${name.replaceAll("_", " ")} at the n-th step, for every n, has one end and tells a prefix`, async () => {
      await Promise.all(
        RECORDS.map(async (_record, step) => {
          await using server = await startChaosServer(async (peer) => {
            await peer.sendStreamHead();
            for (const record of RECORDS.slice(0, step)) await peer.sendBody(record);
            const sent = WORDS.slice(0, Math.max(0, step - 1)).join("");
            await until(() => asking.text() === sent, "what was sent is told");
            await fault(peer);
            await peer.sendBody(DONE);
            await peer.endBody();
          });
          const short = { idle: SOON, firstChunk: SOON, drain: SOON };
          const asking = start(server, name === "silence" ? { timeouts: short } : {});
          const told = await asking.told;
          assert.ok(TEXT.startsWith(told.text));
          const finished = step > WORDS.length + 1;
          const [code, retryable] = CODES[name]!;
          if (finished && (code === "interrupted" || code === "timeout")) assertComplete(told, TEXT);
          else {
            assert.deepEqual([told.result.failure?.code, told.result.failure?.retryable], [code, retryable]);
            assert.equal(told.text, WORDS.slice(0, Math.max(0, step - 1)).join(""));
          }
          await server.waitUntilEmpty();
        }),
      );
    });
  }
});
