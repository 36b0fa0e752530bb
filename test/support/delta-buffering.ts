import { DeltaBufferController } from "../../src/node-red/delta-buffer-controller.js";
import type { Message, NodeConfig, NodeRed, NodeStatus, RuntimeNode } from "../../src/node-red/red.js";
import { FakeClock } from "./fake-clock.js";

/** A delta-buffer without a runtime around it, with a clock that the test moves. */
export class DeltaBuffering {
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
