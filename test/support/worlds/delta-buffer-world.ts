import assert from "node:assert/strict";
import { DeltaBufferController } from "../../../src/node-red/delta-buffer/controller.js";
import type { Message, NodeConfig, NodeRed, NodeStatus, RuntimeNode } from "../../../src/node-red/red/api.js";
import { createStreamMessages } from "./collect-world.js";
import { FakeClock } from "./fake-clock.js";

/** A delta-buffer outside Node-RED, with a fake clock. */
export class DeltaBufferWorld {
  readonly clock = new FakeClock();
  readonly sent: Message[] = [];
  /** When each message was sent, in milliseconds of the clock. */
  readonly times: number[] = [];
  readonly statuses: NodeStatus[] = [];
  /** The number of inputs that are done. */
  doneCount = 0;
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

  /** Gives messages to the node. @throws if it calls `done` twice for a message */
  take(...messages: Message[]): this {
    for (const message of messages) {
      let isDone = false;
      this.controller.input(
        message,
        (output) => {
          this.sent.push(output as Message);
          this.times.push(this.clock.now());
        },
        () => {
          if (isDone) throw new Error("done was called twice");
          isDone = true;
          this.doneCount++;
        },
      );
    }
    return this;
  }

  /** The payloads of the sent messages. */
  get texts(): unknown[] {
    return this.sent.map(({ payload }) => payload);
  }

  close(): void {
    this.controller.close();
  }
}

/** Creates the messages of a stream with these properties on each message. */
export function createStreamWith(texts: readonly string[], more: Message = {}, id = "stream"): Message[] {
  return createStreamMessages(texts, {}, id).map((message) => ({ ...message, ...more }));
}

/** Asserts the message contract: indices without gaps, and one last message with the count. */
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
