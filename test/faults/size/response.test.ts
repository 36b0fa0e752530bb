import assert from "node:assert/strict";
import { constants, gzipSync } from "node:zlib";
import { DEFAULT_LIMITS } from "../../../src/index.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import {
  DONE,
  formatDelta,
  formatFinish,
  formatRecord,
  sendWholeAnswer,
} from "../../support/services/answers.js";
import { type ChaosServer, startChaosServer } from "../../support/services/chaos-server.js";
import type { Peer } from "../../support/services/peer.js";
import { waitUntil } from "../../support/waiting.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";
import {
  ask,
  assertStreamComplete,
  assertStreamFailed,
  type ReceivedAnswer,
  startStream,
} from "../../support/worlds/started-stream.js";

const MIB = 1024 * 1024;
const SSE = { "content-type": "text/event-stream" };

/** Bytes that the kernel may buffer on a loopback connection before the client reads or closes. */
const MAX_IN_FLIGHT_BYTES = 8 * MIB;

/** Writes a piece again and again until `total` bytes are written or the client has left. */
async function pour(peer: Peer, piece: string, total: number): Promise<void> {
  const bytes = Buffer.from(piece);
  for (let sent = 0; sent < total; sent += bytes.length) if (!(await peer.sendBody(bytes))) return;
}

/** Asks a server that pours, and asserts that it could write at most `maxBytes` and that memory stayed bounded. */
async function askPouringServer(
  server: ChaosServer,
  maxBytes: number = MAX_IN_FLIGHT_BYTES,
): Promise<ReceivedAnswer> {
  const before = process.memoryUsage();
  let maxGrowth = 0;
  const watch = setInterval(() => {
    const { heapUsed, external } = process.memoryUsage();
    maxGrowth = Math.max(maxGrowth, heapUsed + external - before.heapUsed - before.external);
  }, 5);
  const peers = server.peers;
  const stream = startStream(server);
  await waitUntil(() => peers.size > 0, "the client has connected");
  const [peer] = peers;
  const answer = await stream.finished;
  clearInterval(watch);
  await server.waitUntilEmpty();
  assert.ok(peer!.written < maxBytes, `the server could write ${peer!.written} bytes`);
  assert.ok(maxGrowth < 64 * MIB, `memory grew by ${maxGrowth} bytes`);
  return answer;
}

describe("Response of extreme size", () => {
  guardEachTest();

  it("S01: fails at the limit of a record on a line of 64 MiB", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(`${formatDelta("so far")}data: {"choices":[{"delta":{"content":"`);
      await pour(peer, "x".repeat(64 * 1024), 64 * MIB);
    });
    const failure = assertStreamFailed(await askPouringServer(server), "limit", {
      phase: "streaming",
      retryable: false,
      partial: "so far",
    });
    assert.match(failure.message, new RegExp(`${DEFAULT_LIMITS.record}`));
  });

  it("S02: fails at the limit of a record on endless data lines and on an endless comment", async () => {
    for (const piece of [
      `data: ${"x".repeat(1_000)}\n`,
      "data:\n".repeat(200),
      `: ${"x".repeat(64 * 1024)}`,
    ]) {
      await using server = await startChaosServer(async (peer) => {
        await peer.sendStreamHead();
        await peer.sendBody(formatDelta("so far"));
        await peer.sendBody(piece);
        await pour(peer, piece.startsWith(":") ? piece.slice(2) : piece, 64 * MIB);
      });
      assertStreamFailed(await askPouringServer(server), "limit", {
        phase: "streaming",
        retryable: false,
        partial: "so far",
      });
    }
  });

  it("S03: fails at the limit of an answer on endless text, and keeps the text up to it", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await pour(peer, formatDelta("0123456789".repeat(1_000)), 64 * MIB);
    });
    const answer = await askPouringServer(server, 16 * MIB);
    const { failure } = answer.result;
    assert.deepEqual([failure?.code, failure?.retryable], ["limit", false]);
    assert.ok(answer.text.length <= DEFAULT_LIMITS.completion);
    assert.ok(answer.text.length > DEFAULT_LIMITS.completion - 10_001);
  });

  it("S03: times out at the total deadline if text keeps coming", async () => {
    const clock = new FakeClock();
    let peer: Peer | undefined;
    await using server = await startChaosServer(async (connected) => {
      peer = connected;
      await connected.sendStreamHead();
      await connected.waitUntilGone();
    });
    const stream = startStream(server, {
      clock,
      timeouts: { total: 600_000, idle: 90_000, progress: 90_000 },
    });
    await waitUntil(() => peer !== undefined, "the request has come");
    for (let minute = 0; minute < 9; minute++) {
      await peer!.sendBody(formatDelta("."));
      await waitUntil(() => stream.getText().length === minute + 1, "the text is sent");
      await clock.advance(59_999);
    }
    await peer!.sendBody(formatDelta("."));
    await waitUntil(() => stream.getText().length === 10, "the text is sent");
    await clock.advance(60_008);
    assert.equal(clock.timerCount, 1, "the deadline has not passed yet");
    await clock.advance(1);
    const failure = assertStreamFailed(await stream.finished, "timeout", {
      phase: "streaming",
      retryable: true,
      partial: "..........",
    });
    assert.match(failure.message, /in all/);
  });

  it("S04: refuses a compressed answer before reading it", async () => {
    const bomb = gzipSync(Buffer.alloc(8 * MIB), { level: constants.Z_BEST_COMPRESSION });
    for (const encoding of ["gzip", "br", "zstd"]) {
      await using server = await startChaosServer((peer) =>
        peer.respond(200, { ...SSE, "content-encoding": encoding }, bomb),
      );
      const failure = assertStreamFailed(await ask(server), "bad_response", {
        phase: "first_chunk",
        retryable: false,
      });
      assert.match(failure.message, new RegExp(encoding));
      assert.equal(server.requests[0]?.headers["accept-encoding"], "identity");
    }
  });

  it("S04: describes a compressed refusal by its status alone", async () => {
    const body = gzipSync('{"error":{"message":"nobody can read this"}}');
    await using server = await startChaosServer((peer) =>
      peer.respond(429, { "content-encoding": "gzip" }, body),
    );
    const failure = assertStreamFailed(await ask(server), "rate_limit", {
      phase: "headers",
      retryable: true,
      status: 429,
    });
    assert.match(failure.message, /^Too many requests \(429\)/);
    assert.doesNotMatch(failure.message, /[^\x20-\x7e—]/);
  });

  it("S05: reads only the beginning of an error body of a gigabyte", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendHead(500, { "content-type": "text/plain" });
      await pour(peer, "the database is on fire, ".repeat(1_000), 1024 * MIB);
    });
    const answer = await askPouringServer(server);
    const failure = assertStreamFailed(answer, "server_error", {
      phase: "headers",
      retryable: true,
      status: 500,
    });
    assert.match(failure.message, /on fire/);
    assert.ok(failure.message.length < 500);
  });

  it("S06: fails with bad_response on 64 KiB of headers", async () => {
    await using server = await startChaosServer((peer) =>
      peer.respond(200, { ...SSE, "x-padding": "x".repeat(64 * 1024) }, formatDelta("x") + DONE),
    );
    assertStreamFailed(await ask(server), "bad_response", { phase: "headers", retryable: false });
    await server.waitUntilEmpty();
  });

  it("S06: accepts 12 KiB of headers, more than any service sends", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendHead(200, { ...SSE, "x-padding": "x".repeat(12 * 1024) });
      await peer.sendBody(formatDelta("x") + formatFinish() + DONE);
      await peer.endBody();
    });
    assertStreamComplete(await ask(server), "x");
  });

  const writeNested = (open: string, close: string, levels = 100_000) =>
    `${open.repeat(levels)}1${close.repeat(levels)}`;
  const DEEP_OBJECT = writeNested('{"a":', "}");
  const DEEP_ARRAY = writeNested("[", "]");

  for (const [place, text] of Object.entries({
    "in a delta": `{"choices":[{"delta":{"content":"x","extra":${DEEP_OBJECT}}}]}`,
    "in a chunk": `{"choices":[{"delta":{"content":"x"}}],"extra":${DEEP_ARRAY}}`,
    "in the usage": `{"choices":[],"usage":${DEEP_OBJECT}}`,
    "in arguments": `{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":${DEEP_OBJECT}}}]}}]}`,
    "in an error": `{"error":${DEEP_ARRAY}}`,
    "as a record": DEEP_ARRAY,
  })) {
    it(`S07: fails with limit on JSON nested 100,000 deep ${place}, and sends nothing of it`, async () => {
      await using server = await startChaosServer((peer) =>
        peer.respond(200, SSE, `${formatDelta("so far")}data: ${text}\n\n${DONE}`),
      );
      const answer = await ask(server);
      assertStreamFailed(answer, "limit", { phase: "streaming", retryable: false, partial: "so far" });
      structuredClone(answer.chunks);
    });
  }

  for (const body of [
    `{"error":${"[".repeat(60_000)}`,
    `{"error":${writeNested("[", "]", 30_000)}}`,
    "[".repeat(200_000),
  ]) {
    it(`S07: describes an error body of ${body.length} brackets by its status`, async () => {
      await using server = await startChaosServer((peer) =>
        peer.respond(500, { "content-type": "application/json" }, body),
      );
      assertStreamFailed(await ask(server), "server_error", {
        phase: "headers",
        retryable: true,
        status: 500,
      });
    });
  }

  it("S08: fails at the limit of tool calls if ten thousand come", async () => {
    const formatCall = (index: number) =>
      formatRecord({
        choices: [
          {
            delta: { tool_calls: [{ index, id: `call_${index}`, function: { name: "f", arguments: "{}" } }] },
          },
        ],
      });
    const calls = Array.from({ length: 10_000 }, (_value, index) => formatCall(index)).join("");
    await using server = await startChaosServer((peer) =>
      peer.respond(200, SSE, calls + formatFinish() + DONE),
    );
    const answer = await ask(server);
    assertStreamFailed(answer, "limit", { phase: "streaming", retryable: false });
    assert.equal(answer.chunks.length, DEFAULT_LIMITS.indices);
  });

  it("S09: fails at the limit of tool arguments if they never end", async () => {
    const first = formatRecord({
      choices: [{ delta: { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "" } }] } }],
    });
    const more = formatRecord({
      choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: "x".repeat(10_000) } }] } }],
    });
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(first);
      await pour(peer, more, 50 * MIB);
    });
    const answer = await askPouringServer(server, 12 * MIB);
    assertStreamFailed(answer, "limit", { phase: "streaming", retryable: false });
  });

  it("S10: refuses a conversation of 50 MiB before it connects", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    let reads = 0;
    const message = {
      role: "user",
      get content() {
        reads++;
        return "x".repeat(50 * MIB);
      },
    };
    const failure = assertStreamFailed(await ask(server, { messages: [message] }), "limit", {
      phase: "connect",
      retryable: false,
    });
    assert.match(failure.message, new RegExp(`${DEFAULT_LIMITS.request}`));
    assert.equal(server.connections, 0);
    assert.equal(reads, 1, "the content is read once");
  });

  it("S10: fails with invalid_request on a conversation that cannot be written as JSON", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const circle: Record<string, unknown> = { role: "user" };
    circle["content"] = circle;
    for (const message of [circle as { role: string }, { role: "user", content: 10n }]) {
      assertStreamFailed(await ask(server, { messages: [message] }), "invalid_request", {
        phase: "connect",
        retryable: false,
      });
    }
    assert.equal(server.connections, 0);
  });
});
