import { CollectController } from "../../../src/node-red/collect/controller.js";
import type { Message, NodeConfig, NodeRed, NodeStatus, RuntimeNode } from "../../../src/node-red/red/api.js";

/** A collect node outside Node-RED, for property tests and fake clocks. */
export class CollectWorld {
  /** Messages of output 1. */
  readonly finished: Message[] = [];
  /** Messages of output 2. */
  readonly unfinished: Message[] = [];
  /** Errors that reached `done` or `node.error`. */
  readonly errors: { code: string; message: string }[] = [];
  readonly statuses: NodeStatus[] = [];
  readonly warnings: string[] = [];
  private readonly controller: CollectController;

  constructor(config: Record<string, unknown> = {}) {
    const node = {
      status: (status: NodeStatus) => this.statuses.push(status),
      warn: (text: string) => this.warnings.push(text),
      error: (error: { code: string; message: string }) => this.errors.push(error),
    };
    const red = { _: (key: string) => key };
    this.controller = new CollectController(
      red as unknown as NodeRed,
      node as unknown as RuntimeNode,
      { id: "collect", type: "collect", ...config } as NodeConfig,
    );
  }

  /** Gives messages to the node. @throws if it does not call `done` exactly once for each */
  take(...messages: Message[]): this {
    for (const message of messages) {
      let doneCount = 0;
      this.controller.input(
        message,
        (outputs) => {
          const [finished, unfinished] = outputs as (Message | null)[];
          if (finished) this.finished.push(finished);
          if (unfinished) this.unfinished.push(unfinished);
        },
        (error) => {
          doneCount++;
          if (error) this.errors.push(error as { code: string; message: string });
        },
      );
      if (doneCount !== 1) throw new Error(`done was called ${doneCount} times`);
    }
    return this;
  }

  close(): void {
    this.controller.close();
  }
}

/** Creates the messages of a stream with these texts. @param last more properties of the last message */
export function createStreamMessages(texts: readonly string[], last: Message = {}, id = "stream"): Message[] {
  const messages: Message[] = texts.map((payload, index) => ({
    _msgid: "m",
    payload,
    parts: { id, index, type: "string", ch: "" },
  }));
  const index = texts.length;
  messages.push({
    _msgid: "m",
    payload: "",
    parts: { id, index, type: "string", ch: "", count: index + 1 },
    complete: true,
    finishReason: "stop",
    usage: null,
    chunk: {
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model: "model-1",
      choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
      usage: null,
    },
    ...last,
  });
  return messages;
}
