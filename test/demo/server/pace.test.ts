import assert from "node:assert/strict";
import { createServer, type IncomingMessage, request as open, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { writeAtPace } from "../../../src/demo/server/pace.js";
import type { Step } from "../../../src/demo/server/steps.js";
import { Demo, user } from "../client.js";

/** One response on a real socket, written by the test. */
async function exchange(
  serve: (response: ServerResponse) => void,
): Promise<{ incoming: IncomingMessage; close(): void }> {
  const server = createServer((_, response) => serve(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    open({ port, host: "127.0.0.1", agent: false }, resolve).once("error", reject).end();
  });
  return {
    incoming,
    close() {
      incoming.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Endless steps that count how often they are asked for. */
class EndlessSteps implements IterableIterator<Step> {
  pulled = 0;
  returned = false;
  constructor(private readonly size = 10) {}
  [Symbol.iterator](): this {
    return this;
  }
  next(): IteratorResult<Step> {
    this.pulled++;
    return { done: false, value: { kind: "content", text: "x".repeat(this.size) } };
  }
  return(): IteratorResult<Step> {
    this.returned = true;
    return { done: true, value: undefined };
  }
}

async function waitUntil(isTrue: () => boolean): Promise<void> {
  const end = performance.now() + 2_000;
  while (!isTrue()) {
    assert.ok(performance.now() < end, "This did not happen in time.");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe("The demo server's pace", () => {
  for (const pace of [0, 500]) {
    it(`asks for no further step after the client leaves, at pace ${pace}`, async () => {
      const steps = new EndlessSteps();
      const { incoming, close } = await exchange((response) => writeAtPace(steps, response, pace));
      incoming.once("data", () => incoming.destroy());
      await waitUntil(() => steps.returned);
      const pulled = steps.pulled;
      await new Promise((resolve) => setTimeout(resolve, 30));
      assert.equal(steps.pulled, pulled);
      close();
    });
  }

  it("waits for a client that does not read, and stops when that client leaves", async () => {
    const steps = new EndlessSteps(1_000);
    const { incoming, close } = await exchange((response) => writeAtPace(steps, response, 0));
    incoming.pause();
    let pulled = -1;
    await waitUntil(() => {
      const still = steps.pulled === pulled;
      pulled = steps.pulled;
      return still && pulled > 0;
    });
    await new Promise((resolve) => setTimeout(resolve, 40));
    assert.ok(steps.pulled * 1_000 < 32 * 1024 * 1024, `${steps.pulled} KB without a reader`);
    const before = steps.pulled;
    incoming.resume();
    await waitUntil(() => steps.pulled > before);
    incoming.pause();
    close();
    await waitUntil(() => steps.returned);
  });

  it("keeps the pace over many chunks", async () => {
    const steps: Step[] = Array.from({ length: 60 }, (_, at) => ({ kind: "content", text: `${at}\n` }));
    const started = performance.now();
    const { incoming, close } = await exchange((response) => writeAtPace(steps, response, 300));
    let text = "";
    let reads = 0;
    for await (const part of incoming) {
      text += String(part);
      reads++;
    }
    const took = performance.now() - started;
    assert.equal(text, steps.map((step) => ("text" in step ? step.text : "")).join(""));
    assert.ok(took > 180 && took < 5_000, `60 chunks at 300 a second took ${took} ms`);
    assert.ok(reads > 5, `${reads} reads`);
    close();
  });

  it("sends a step without a pace at once", async () => {
    const steps: Step[] = [
      { kind: "other", text: "head " },
      { kind: "content", text: "late " },
    ];
    const { incoming, close } = await exchange((response) => writeAtPace(steps, response, 1));
    const first = await new Promise<Buffer>((resolve) => incoming.once("data", resolve));
    assert.equal(first.toString(), "head ");
    close();
  });

  it("serves the next client after one has left in the middle of a stream", async () => {
    const demo = await Demo.start({ pace: 200 });
    const response = await demo.chat({ model: "demo", messages: [user("count to 10000")], stream: true });
    response.body.on("error", () => undefined);
    await new Promise((resolve) => response.body.once("data", resolve));
    response.body.destroy();
    assert.equal((await demo.send("/models", "GET")).status, 200);
    await demo.close();
  });
});
