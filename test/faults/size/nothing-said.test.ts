import assert from "node:assert/strict";
import { FloodGuard } from "../../../src/core/lifecycle/flood-guard.js";
import { DEFAULT_LIMITS } from "../../../src/index.js";
import { beginSound, createSpeechFlow, createTextStream } from "../../support/flows/speech.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { formatDelta, formatFinish } from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import type { Peer } from "../../support/services/peer.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";
import { ask, assertStreamComplete, assertStreamFailed } from "../../support/worlds/started-stream.js";

const MIB = 1024 * 1024;

/** What the sockets of a loopback connection may hold beside what was read. */
const MAX_IN_FLIGHT_BYTES = 12 * MIB;

/** Ways to send at full speed and to say nothing. */
const FLOODS: Readonly<Record<string, string>> = {
  comments: `: ${"x".repeat(1000)}\n\n`.repeat(60),
  "empty records": `data: {"choices":[],"padding":"${"x".repeat(900)}"}\n\n`.repeat(60),
  "records with an empty delta":
    `data: {"choices":[{"index":0,"delta":{}}],"pad":"${"x".repeat(500)}"}\n\n`.repeat(100),
  pings: `event: ping\ndata: {"type":"ping","padding":"${"x".repeat(900)}"}\n\n`.repeat(60),
};

/** Writes until the client has left. */
async function flood(write: (bytes: string) => Promise<boolean>, piece: string): Promise<void> {
  for (let sent = 0; sent < 96 * MIB; sent += piece.length) if (!(await write(piece))) return;
}

describe("Service that sends at full speed and says nothing", () => {
  guardEachTest();

  for (const [name, piece] of Object.entries(FLOODS)) {
    it(`S14: fails with limit on an endless flood of ${name}`, async () => {
      let peer: Peer | undefined;
      await using server = await startChaosServer(async (connected) => {
        peer = connected;
        await connected.sendStreamHead();
        await connected.sendBody(formatDelta("so far"));
        await flood((bytes) => connected.sendBody(bytes), piece);
      });
      assertStreamFailed(await ask(server), "limit", {
        phase: "streaming",
        partial: "so far",
        retryable: false,
      });
      await server.waitUntilEmpty();
      assert.ok(
        peer!.written < 18 * MIB + MAX_IN_FLIGHT_BYTES,
        `the server could write ${peer!.written} bytes`,
      );
    });
  }

  it("S14: ends an answer as complete if the flood comes after its finish reason", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("all") + formatFinish());
      await flood((bytes) => peer.sendBody(bytes), FLOODS["comments"]!);
    });
    assertStreamComplete(await ask(server, { timeouts: { drain: 1_000 } }), "all");
    await server.waitUntilEmpty();
  });

  it("S14: fails with limit on an endless extension of a chunk, which is no part of the body", async () => {
    let peer: Peer | undefined;
    await using server = await startChaosServer(async (connected) => {
      peer = connected;
      await connected.write(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n1;",
      );
      await flood((bytes) => connected.write(bytes), "x".repeat(64 * 1024));
    });
    assertStreamFailed(await ask(server), "limit", { phase: "first_chunk", partial: "", retryable: false });
    await server.waitUntilEmpty();
    assert.ok(
      peer!.written < 18 * MIB + MAX_IN_FLIGHT_BYTES,
      `the server could write ${peer!.written} bytes`,
    );
  });

  it("S14: reads an answer in which each word comes with 50 KB of sources", async () => {
    const sources = JSON.stringify([{ url: "https://example.org", text: "x".repeat(50_000) }]);
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      for (let word = 0; word < 600; word++) {
        await peer.sendBody(
          `data: {"choices":[{"index":0,"delta":{"content":"word "}}],"search_results":${sources}}\n\n`,
        );
      }
      await peer.sendBody(formatFinish());
      await peer.endBody();
    });
    const answer = await ask(server);
    assertStreamComplete(answer, "word ".repeat(600));
  });

  it("S14: lets a slow model send keep-alives for as long as any timeout allows", () => {
    const guard = new FloodGuard();
    for (let second = 0; second < 24 * 3600; second++) guard.add(150, 0, DEFAULT_LIMITS.record);
  });
});

describe("Sound without end", () => {
  const service = useService();
  const runtime = useRuntime();

  it("S15: fails with limit if the sound of a text does not end", async () => {
    const piece = Buffer.alloc(256 * 1024);
    let written = 0;
    service().script = async (reply) => {
      beginSound(reply);
      while (written < 96 * MIB && !reply.response.destroyed) {
        written += piece.length;
        if (!reply.response.write(piece)) {
          await waitUntil(() => reply.response.destroyed || !reply.response.writableNeedDrain, "it drains");
        }
      }
    };
    await runtime().deploy(createSpeechFlow(service().url));
    for (const message of createTextStream("a", "Hello there.")) runtime().inject("speech", message);
    const [last] = await runtime().waitForEnds("out");
    assert.equal((last!["error"] as { code?: string }).code, "limit");
    assert.ok(written < 32_000_000 + MAX_IN_FLIGHT_BYTES, `the service could write ${written} bytes`);
  });
});
