import assert from "node:assert/strict";
import { constants, gzipSync } from "node:zlib";
import { DEFAULT_LIMITS } from "../../src/index.js";
import { guardEachTest } from "../support/runtime/guards.js";
import {
  DONE,
  formatDelta,
  formatFinish,
  formatRecord,
  sendWholeAnswer,
} from "../support/services/answers.js";
import { type ChaosServer, startChaosServer } from "../support/services/chaos-server.js";
import type { Peer } from "../support/services/peer.js";
import { until } from "../support/waiting.js";
import { ask, assertComplete, assertFailed, start, type Told } from "../support/worlds/asking.js";
import { FakeClock } from "../support/worlds/fake-clock.js";

const MIB = 1024 * 1024;
const SSE = { "content-type": "text/event-stream" };

/** What the kernel's buffers of a connection on loopback may swallow before anybody reads or hangs up. */
const IN_FLIGHT = 8 * MIB;

/** Writes the same piece until it is `total` bytes or nobody listens. */
async function pour(peer: Peer, piece: string, total: number): Promise<void> {
  const bytes = Buffer.from(piece);
  for (let sent = 0; sent < total; sent += bytes.length) if (!(await peer.sendBody(bytes))) return;
}

/** Asks a server that pours, and sees to it that it could not get rid of all it had. */
async function drown(server: ChaosServer, most: number = IN_FLIGHT): Promise<Told> {
  const before = process.memoryUsage();
  let highest = 0;
  const watch = setInterval(() => {
    const { heapUsed, external } = process.memoryUsage();
    highest = Math.max(highest, heapUsed + external - before.heapUsed - before.external);
  }, 5);
  const peers = server.peers;
  const asking = start(server);
  await until(() => peers.size > 0, "the client is there");
  const [peer] = peers;
  const told = await asking.told;
  clearInterval(watch);
  await server.waitUntilEmpty();
  assert.ok(peer!.written < most, `the server could write ${peer!.written} bytes`);
  assert.ok(highest < 64 * MIB, `memory grew by ${highest} bytes`);
  return told;
}

describe("Faults of size", () => {
  guardEachTest();

  it("S01: a line of 64 MB ends the stream at the limit of a record", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(`${formatDelta("so far")}data: {"choices":[{"delta":{"content":"`);
      await pour(peer, "x".repeat(64 * 1024), 64 * MIB);
    });
    const failure = assertFailed(await drown(server), "limit", {
      phase: "streaming",
      retryable: false,
      partial: "so far",
    });
    assert.match(failure.message, new RegExp(`${DEFAULT_LIMITS.record}`));
  });

  it("S02: data lines without end or blank line, and a comment without end, do too", async () => {
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
      assertFailed(await drown(server), "limit", {
        phase: "streaming",
        retryable: false,
        partial: "so far",
      });
    }
  });

  it("S03: an answer without end stops at the limit of an answer, with all text up to it", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await pour(peer, formatDelta("0123456789".repeat(1_000)), 64 * MIB);
    });
    const told = await drown(server, 16 * MIB);
    const { failure } = told.result;
    assert.deepEqual([failure?.code, failure?.retryable], ["limit", false]);
    assert.ok(told.text.length <= DEFAULT_LIMITS.completion);
    assert.ok(told.text.length > DEFAULT_LIMITS.completion - 10_001);
  });

  it("S03: and one that is merely slow to end stops at the deadline for the whole", async () => {
    const clock = new FakeClock();
    let peer: Peer | undefined;
    await using server = await startChaosServer(async (served) => {
      peer = served;
      await served.sendStreamHead();
      await served.waitUntilGone();
    });
    const asking = start(server, { clock, timeouts: { total: 600_000, idle: 90_000, progress: 90_000 } });
    await until(() => peer !== undefined, "the request is there");
    for (let minute = 0; minute < 9; minute++) {
      await peer!.sendBody(formatDelta("."));
      await until(() => asking.text().length === minute + 1, "the text is told");
      await clock.advance(59_999);
    }
    await peer!.sendBody(formatDelta("."));
    await until(() => asking.text().length === 10, "the text is told");
    await clock.advance(60_008);
    assert.equal(clock.waiting, 1, "not before its time");
    await clock.advance(1);
    const failure = assertFailed(await asking.told, "timeout", {
      phase: "streaming",
      retryable: true,
      partial: "..........",
    });
    assert.match(failure.message, /in all/);
  });

  it("S04: a compressed answer is refused before a byte of it is read", async () => {
    const bomb = gzipSync(Buffer.alloc(8 * MIB), { level: constants.Z_BEST_COMPRESSION });
    for (const encoding of ["gzip", "br", "x-unheard-of"]) {
      await using server = await startChaosServer((peer) =>
        peer.respond(200, { ...SSE, "content-encoding": encoding }, bomb),
      );
      const failure = assertFailed(await ask(server), "bad_response", {
        phase: "first_chunk",
        retryable: false,
      });
      assert.match(failure.message, new RegExp(encoding));
      assert.equal(server.requests[0]?.headers["accept-encoding"], "identity");
    }
  });

  it("S04: a compressed refusal is told by its status alone", async () => {
    const body = gzipSync('{"error":{"message":"nobody can read this"}}');
    await using server = await startChaosServer((peer) =>
      peer.respond(429, { "content-encoding": "gzip" }, body),
    );
    const failure = assertFailed(await ask(server), "rate_limit", {
      phase: "headers",
      retryable: true,
      status: 429,
    });
    assert.match(failure.message, /^The service answered 429/);
    assert.doesNotMatch(failure.message, /[^\x20-\x7e—]/);
  });

  it("S05: of an error body of a gigabyte only the beginning is read", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendHead(500, { "content-type": "text/plain" });
      await pour(peer, "the database is on fire, ".repeat(1_000), 1024 * MIB);
    });
    const told = await drown(server);
    const failure = assertFailed(told, "server_error", { phase: "headers", retryable: true, status: 500 });
    assert.match(failure.message, /on fire/);
    assert.ok(failure.message.length < 500);
  });

  it("S06: 64 KB of headers are a bad response", async () => {
    await using server = await startChaosServer((peer) =>
      peer.respond(200, { ...SSE, "x-padding": "x".repeat(64 * 1024) }, formatDelta("x") + DONE),
    );
    assertFailed(await ask(server), "bad_response", { phase: "headers", retryable: false });
    await server.waitUntilEmpty();
  });

  it("S06: as many headers as any service sends are fine", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendHead(200, { ...SSE, "x-padding": "x".repeat(12 * 1024) });
      await peer.sendBody(formatDelta("x") + formatFinish() + DONE);
      await peer.endBody();
    });
    assertComplete(await ask(server), "x");
  });

  const deep = (open: string, close: string, levels = 100_000) =>
    `${open.repeat(levels)}1${close.repeat(levels)}`;
  const DEEP_OBJECT = deep('{"a":', "}");
  const DEEP_ARRAY = deep("[", "]");

  for (const [where, text] of Object.entries({
    "in a delta": `{"choices":[{"delta":{"content":"x","extra":${DEEP_OBJECT}}}]}`,
    "in a chunk": `{"choices":[{"delta":{"content":"x"}}],"extra":${DEEP_ARRAY}}`,
    "in the usage": `{"choices":[],"usage":${DEEP_OBJECT}}`,
    "in arguments": `{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":${DEEP_OBJECT}}}]}}]}`,
    "in an error": `{"error":${DEEP_ARRAY}}`,
    "as a record": DEEP_ARRAY,
  })) {
    it(`S07: JSON nested 100,000 deep ${where} is the limit of depth, and nothing of it is told`, async () => {
      await using server = await startChaosServer((peer) =>
        peer.respond(200, SSE, `${formatDelta("so far")}data: ${text}\n\n${DONE}`),
      );
      const told = await ask(server);
      assertFailed(told, "limit", { phase: "streaming", retryable: false, partial: "so far" });
      structuredClone(told.chunks);
    });
  }

  for (const body of [
    `{"error":${"[".repeat(60_000)}`,
    `{"error":${deep("[", "]", 30_000)}}`,
    "[".repeat(200_000),
  ]) {
    it(`S07: an error body of ${body.length} brackets is told by its status`, async () => {
      await using server = await startChaosServer((peer) =>
        peer.respond(500, { "content-type": "application/json" }, body),
      );
      assertFailed(await ask(server), "server_error", { phase: "headers", retryable: true, status: 500 });
    });
  }

  it("S08: ten thousand tool calls stop at the limit", async () => {
    const call = (index: number) =>
      formatRecord({
        choices: [
          {
            delta: { tool_calls: [{ index, id: `call_${index}`, function: { name: "f", arguments: "{}" } }] },
          },
        ],
      });
    const calls = Array.from({ length: 10_000 }, (_value, index) => call(index)).join("");
    await using server = await startChaosServer((peer) =>
      peer.respond(200, SSE, calls + formatFinish() + DONE),
    );
    const told = await ask(server);
    assertFailed(told, "limit", { phase: "streaming", retryable: false });
    assert.equal(told.chunks.length, DEFAULT_LIMITS.indices);
  });

  it("S09: tool arguments without end stop at their limit", async () => {
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
    const told = await drown(server, 12 * MIB);
    assertFailed(told, "limit", { phase: "streaming", retryable: false });
  });

  it("S10: a conversation of 50 MB is refused before anybody is asked", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    let reads = 0;
    const message = {
      role: "user",
      get content() {
        reads++;
        return "x".repeat(50 * MIB);
      },
    };
    const failure = assertFailed(await ask(server, { messages: [message] }), "configuration", {
      phase: "connect",
      retryable: false,
    });
    assert.match(failure.message, new RegExp(`${DEFAULT_LIMITS.request}`));
    assert.equal(server.connections, 0);
    assert.equal(reads, 1, "written out once");
  });

  it("S10: one that cannot be written as JSON is the caller's to mend", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const circle: Record<string, unknown> = { role: "user" };
    circle["content"] = circle;
    for (const message of [circle as { role: string }, { role: "user", content: 10n }]) {
      assertFailed(await ask(server, { messages: [message] }), "invalid_request", {
        phase: "connect",
        retryable: false,
      });
    }
    assert.equal(server.connections, 0);
  });
});
