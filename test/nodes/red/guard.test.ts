import assert from "node:assert/strict";
import type { Done, Message, NodeStatus, RuntimeNode, Send } from "../../../src/node-red/red/api.js";
import { guardNode, type InputHandler } from "../../../src/node-red/red/guard.js";
import { createHeapMeter } from "../../support/heap-meter.js";

/** A node that records what its runtime would see. */
class FakeNode {
  readonly errors: unknown[] = [];
  readonly statuses: NodeStatus[] = [];
  readonly sent: unknown[] = [];
  private readonly listeners = new Map<string, (...values: never[]) => void>();

  constructor(handle: InputHandler, close: () => void = () => {}) {
    guardNode(this as unknown as RuntimeNode, handle, close);
  }

  on(event: string, listener: (...values: never[]) => void): void {
    this.listeners.set(event, listener);
  }

  status(status: NodeStatus): void {
    this.statuses.push(status);
  }

  error(error: unknown): void {
    this.errors.push(error);
  }

  /** @returns the arguments of all calls of `done` */
  input(
    send: Send = (message) => void this.sent.push(message),
    message: Message = { payload: "x" },
    onDone: () => void = () => {},
  ): unknown[] {
    const dones: unknown[] = [];
    const done: Done = (error) => {
      dones.push(error);
      onDone();
    };
    const listener = this.listeners.get("input") as unknown as (
      message: Message,
      send: Send,
      done: Done,
    ) => void;
    listener(message, send, done);
    return dones;
  }

  close(): boolean {
    let closed = false;
    const listener = this.listeners.get("close") as unknown as (removed: boolean, done: () => void) => void;
    listener(false, () => {
      closed = true;
    });
    return closed;
  }
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

describe("guardNode", () => {
  it("calls done once, however often the handler calls it", () => {
    const node = new FakeNode((_message, _send, done) => {
      done();
      done();
      done(new Error("late"));
    });
    assert.deepEqual(node.input(), [undefined]);
  });

  it("reports an error that the handler throws, with a code that Catch passes on", () => {
    const node = new FakeNode(() => {
      throw new TypeError("oops");
    });
    const [error] = node.input() as { code: string; message: string; cause: object }[];
    assert.equal(error!.code, "invalid_request");
    assert.equal(error!.message, "oops");
    assert.deepEqual(JSON.parse(JSON.stringify(error!.cause)), error!.cause);
  });

  it("reports an error of an asynchronous handler, which would end the process otherwise", async () => {
    const node = new FakeNode(async () => {
      await tick();
      throw new Error("oops");
    });
    const dones = node.input();
    await tick();
    await tick();
    assert.equal((dones[0] as Error).message, "oops");
    assert.equal(dones.length, 1);
  });

  it("sends nothing once the node is closed", () => {
    let send: Send = () => {};
    const node = new FakeNode((_message, sendOne) => {
      send = sendOne;
    });
    node.input();
    send({ payload: 1 });
    node.close();
    send({ payload: 2 });
    assert.deepEqual(node.sent, [{ payload: 1 }]);
  });

  it("calls done for all open messages when the node closes, clears the status, and closes at once", () => {
    const order: string[] = [];
    const node = new FakeNode(
      () => {},
      () => void order.push("close"),
    );
    const first = node.input();
    const second = node.input();
    assert.equal(node.close(), true);
    assert.deepEqual([first, second], [[undefined], [undefined]]);
    assert.deepEqual(order, ["close"]);
    assert.deepEqual(node.statuses, [{}]);
  });

  it("calls done if the handler closed the node before it returned", () => {
    const node: FakeNode = new FakeNode((_message, send) => {
      node.close();
      send({ payload: "late" });
    });
    assert.deepEqual(node.input(), [undefined]);
    assert.deepEqual(node.sent, []);
  });

  it("calls done once for a handler that ends after it returned, and not again when the node closes", () => {
    const ends: Done[] = [];
    const node = new FakeNode((_message, _send, done) => void ends.push(done));
    const [first, second] = [node.input(), node.input()];
    ends[0]!(new Error("oops"));
    ends[0]!();
    assert.deepEqual(
      first.map((error) => (error as Error).message),
      ["oops"],
    );
    assert.deepEqual(second, []);
    node.close();
    assert.equal(first.length, 1);
    assert.deepEqual(second, [undefined]);
  });

  it("calls done once if an asynchronous handler fails after calling done", async () => {
    const node = new FakeNode(async (_message, _send, done) => {
      done();
      await tick();
      throw new Error("late");
    });
    const dones = node.input();
    await tick();
    await tick();
    assert.deepEqual(dones, [undefined]);
    assert.deepEqual(node.errors, []);
  });

  it("calls done for a message that arrives after close, without the handler", () => {
    let handled = 0;
    const node = new FakeNode(() => {
      handled++;
    });
    node.close();
    assert.deepEqual(node.input(), [undefined]);
    assert.equal(handled, 0);
  });

  it("keeps no message that is done, whenever the handler calls done", () => {
    const ends: Done[] = [];
    let calls = 0;
    const node = new FakeNode((_message, _send, done) => {
      if (++calls % 2) done();
      else ends.push(done);
    });
    const measureHeap = createHeapMeter();
    const before = measureHeap();
    for (let round = 0; round < 200; round++) {
      node.input(undefined, { payload: Array.from({ length: 10_000 }, () => round) });
      ends.pop()?.();
    }
    const heldMiB = (measureHeap() - before) / 1024 / 1024;
    assert.ok(heldMiB < 4, `${heldMiB} MiB`);
    node.close();
  });

  it("lets the deploy go on if the end of what the node has running throws, and reports the error", () => {
    const node = new FakeNode(
      () => {},
      () => {
        throw new Error("oops");
      },
    );
    const dones = node.input();
    assert.equal(node.close(), true);
    assert.deepEqual(dones, [undefined]);
    assert.deepEqual(
      node.errors.map((error) => (error as Error).message),
      ["oops"],
    );
  });

  it("reports nothing if the runtime cannot clone the message for a Complete node", () => {
    const node = new FakeNode((_message, _send, done) => done());
    node.input(undefined, {}, () => {
      throw new Error("cannot be cloned");
    });
    assert.deepEqual(node.errors, []);
  });

  it("reports one error for a message that the runtime cannot send", () => {
    const node = new FakeNode((_message, send, done) => {
      send({});
      send({});
      done();
    });
    const dones = node.input(() => {
      throw new Error("cannot be cloned");
    });
    assert.deepEqual(
      dones.map((error) => (error as Error).message),
      ["cannot be cloned"],
    );
  });

  it("reports an error without its message if the runtime cannot clone the message", () => {
    const node = new FakeNode((_message, _send, done) => done(new Error("oops")));
    const listener = (node as unknown as { listeners: Map<string, (m: Message, s: Send, d: Done) => void> })
      .listeners;
    listener.get("input")!(
      {},
      () => {},
      () => {
        throw new Error("cannot be cloned");
      },
    );
    assert.deepEqual(
      node.errors.map((error) => (error as Error).message),
      ["oops"],
    );
  });
});
