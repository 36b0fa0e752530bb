import type { Done, Message, Send } from "../../../src/node-red/red/api.js";

/** A node's controller outside any runtime, which is given its messages as a runtime gives them. */
export abstract class NodeWorld {
  /** What reaches Catch. */
  readonly errors: { code?: string; message: string }[] = [];
  /** Inputs of the node, and how many of them are done. */
  got = 0;
  done = 0;
  abstract readonly controller: { input(message: Message, send: Send, done: Done): void };
  protected abstract readonly send: Send;

  /** A message for the node itself. */
  input(message: Message): void {
    this.got++;
    let open = true;
    const done = (error?: unknown) => {
      if (!open) throw new Error("done was called twice");
      open = false;
      this.done++;
      if (error) this.errors.push(error as { message: string });
    };
    try {
      this.controller.input(message, this.send, done);
    } catch (thrown) {
      done(thrown);
    }
  }
}
