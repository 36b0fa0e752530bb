import assert from "node:assert/strict";
import { DeltaBufferController } from "../../../src/node-red/delta-buffer/controller.js";
import type { Message, NodeConfig, NodeRed, NodeStatus, RuntimeNode } from "../../../src/node-red/red/api.js";
import { createStreamMessages } from "./collect-world.js";
import { FakeClock } from "./fake-clock.js";

/** A delta-buffer without a runtime around it, with a clock that the test moves. */
export class DeltaBufferWorld {
  readonly clock = new FakeClock();
  readonly sent: Message[] = [];
  /** When each of them was sent, in the clock's milliseconds. */
  readonly times: number[] = [];
  readonly statuses: NodeStatus[] = [];
  /** How many inputs have been done with. */
  dones = 0;
  private readonly controller: DeltaBufferController;

  constructor(config: Record<string, unknown> = {}) {
    const node = { status: (status: NodeStatus) => this.statuses.push(status) };
    this.controller = new DeltaBufferController(
      { _: (key: string) => key } as unknown as NodeRed,
      node as unknown as RuntimeNode,
      { id: "buffer", type: "delta-buffer", ...config } as NodeConfig,
      this.clock,
    );
  }

  take(...messages: Message[]): this {
    for (const message of messages) {
      let done = false;
      this.controller.input(
        message,
        (output) => {
          this.sent.push(output as Message);
          this.times.push(this.clock.now());
        },
        () => {
          if (done) throw new Error("done was called twice");
          done = true;
          this.dones++;
        },
      );
    }
    return this;
  }

  /** The texts that were sent. */
  get texts(): unknown[] {
    return this.sent.map(({ payload }) => payload);
  }

  close(): void {
    this.controller.close();
  }
}

/** The messages of a stream with these properties on each. */
export function createStreamWith(texts: readonly string[], more: Message = {}, id = "stream"): Message[] {
  return createStreamMessages(texts, {}, id).map((message) => ({ ...message, ...more }));
}

/** What every stream has to be. */
export function assertStreamContract(messages: readonly Message[]): void {
  assert.deepEqual(
    messages.map(({ parts }) => parts!.index),
    messages.map((_message, at) => at),
  );
  assert.deepEqual(
    messages.map(({ complete, parts }) => [complete === true, parts!.count]),
    messages.map((_message, at) =>
      at === messages.length - 1 ? [true, messages.length] : [false, undefined],
    ),
  );
}
