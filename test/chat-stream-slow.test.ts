import assert from "node:assert/strict";
import { Agent } from "undici";
import { chatStream } from "../src/index.js";
import { DONE, delta, finish } from "./support/answers.js";
import { isFailure, question } from "./support/asking.js";
import { chaosServer } from "./support/chaos-server.js";
import { guardEachTest } from "./support/guards.js";
import type { Peer } from "./support/peer.js";
import { turns, until } from "./support/waiting.js";

describe("A chat stream that is read slowly", () => {
  guardEachTest();

  const MIB = 1024 * 1024;
  const LIMITS = { completion: 100 * MIB };

  /** Pours records until it has poured them all or nobody reads any more. */
  const pouring = (piece: string, total: number) => async (peer: Peer) => {
    await peer.streamHead();
    const many = Buffer.from(piece.repeat(Math.ceil((64 * 1024) / piece.length)));
    for (let sent = 0; sent < total; sent += many.length) if (!(await peer.body(many))) return;
    await peer.body(finish() + DONE);
    await peer.end();
  };

  for (const [kind, length] of [
    ["small", 100],
    ["large", 300_000],
  ] as const) {
    it(`makes the service wait: 50 MB in ${kind} records, and memory stays where it was`, async () => {
      const piece = delta("x".repeat(length));
      await using server = await chaosServer(pouring(piece, 50 * MIB));
      const before = process.memoryUsage();
      const stream = chatStream({ ...question(server), limits: LIMITS });
      const texts = stream.textDeltas();
      await texts.next();
      const [peer] = server.peers;
      let written = -1;
      // It has stopped when nothing more could be written for a while.
      await until(() => {
        const same = peer!.written === written;
        written = peer!.written;
        return same && peer!.socket.writableLength > 0;
      }, "the service has to wait");
      await turns(50);
      assert.ok(peer!.written < 16 * MIB, `${peer!.written} bytes were written`);
      const now = process.memoryUsage();
      const grown = now.heapUsed + now.external - before.heapUsed - before.external;
      assert.ok(grown < 48 * MIB, `memory grew by ${grown} bytes`);

      let characters = length;
      for await (const text of texts) characters += text.length;
      const records = Math.ceil((64 * 1024) / piece.length);
      const writes = Math.ceil((50 * MIB) / (records * piece.length));
      assert.equal(characters, writes * records * length, "and nothing is lost");
      assert.equal(stream.finalResponse?.choices[0]?.finish_reason, "stop");
    });
  }

  it("does not lose patience with the service while it is itself the slow one", async () => {
    await using server = await chaosServer(pouring(delta("x".repeat(100)), 2 * MIB));
    const stream = chatStream({
      ...question(server),
      limits: LIMITS,
      timeouts: { idle: 30, progress: 30, firstChunk: 1_000 },
    });
    let count = 0;
    for await (const _text of stream.textDeltas()) {
      count++;
      if (count % 2_000 === 0) await new Promise((resolve) => setTimeout(resolve, 45));
    }
    assert.ok(count > 5_000);
    assert.equal(stream.finalResponse?.choices[0]?.finish_reason, "stop");
  });

  for (const hangUp of ["fin", "reset"] as const) {
    it(`survives a service that hangs up (${hangUp}) while it has to wait, though it said it would`, async () => {
      await using server = await chaosServer(async (peer) => {
        await peer.streamHead("close");
        // More than a reader is given before it has to ask for more, less than a socket holds.
        await peer.body(delta("x").repeat(400));
        await turns(10);
        await peer.body(delta("y").repeat(100));
        await turns(10);
        peer[hangUp]();
        hungUp = true;
      });
      let hungUp = false;
      const texts = chatStream(question(server)).textDeltas();
      await texts.next();
      await until(() => hungUp, "the service hangs up");
      await turns(20);
      let text = "x";
      await assert.rejects(async () => {
        for await (const piece of texts) text += piece;
      }, isFailure("interrupted"));
      assert.ok(("x".repeat(400) + "y".repeat(100)).startsWith(text));
      if (hangUp === "fin") assert.equal(text.length, 500);
    });
  }

  it("closed while the service waits, frees its connection", async () => {
    await using server = await chaosServer(pouring(delta("x".repeat(100)), 50 * MIB));
    const stream = chatStream({ ...question(server), limits: LIMITS });
    await stream.textDeltas().next();
    await until(() => (([peer]) => peer!.socket.writableLength > 0)([...server.peers]), "the service waits");
    await stream.close();
    await server.empty();
  });

  it("leaves a connection that was held back to the next stream as good as new", async () => {
    const body = delta("x").repeat(1_000) + finish() + DONE;
    await using server = await chaosServer((peer) =>
      peer.respond(200, { "content-type": "text/event-stream" }, body),
    );
    for (let round = 0; round < 5; round++) {
      const completion = await chatStream(question(server)).collect();
      assert.equal(completion.choices[0]?.message.content?.length, 1_000);
    }
    assert.ok(server.connections <= 2);
  });
});

describe("A chat stream over a dispatcher of another make", () => {
  guardEachTest();

  it("works, and is held back by nothing but its limits", async () => {
    await using server = await chaosServer(async (peer) => {
      await peer.streamHead("close");
      await peer.body(delta("x").repeat(2_000) + finish() + DONE);
      await peer.end();
    });
    const agent = new Agent();
    const stream = chatStream({ ...question(server), dispatcher: agent });
    const texts = stream.textDeltas();
    await texts.next();
    await server.empty();
    let length = 1;
    for await (const text of texts) length += text.length;
    assert.equal(length, 2_000);
    await agent.destroy();
  });

  it("that has been closed fails as a connection does", async () => {
    const agent = new Agent();
    await agent.destroy();
    const stream = chatStream({ ...question({ url: "http://127.0.0.1:9/v1", agent }) });
    await assert.rejects(stream.collect(), isFailure("connection"));
  });
});
