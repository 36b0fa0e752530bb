import type { Done, Message, Send } from "../../../src/node-red/red/api.js";

/** The controller of a node outside Node-RED. It gets messages as Node-RED gives them to a node. */
export abstract class NodeWorld {
  /** Errors that Catch nodes would get. */
  readonly errors: { code?: string; message: string }[] = [];
  /** The number of inputs. */
  got = 0;
  /** The number of inputs that are done. */
  done = 0;
  abstract readonly controller: { input(message: Message, send: Send, done: Done): void };
  protected abstract readonly send: Send;

  /** Gives a message to the node. @throws if the node calls `done` twice */
  input(message: Message): void {
    this.got++;
    let isOpen = true;
    const done = (error?: unknown) => {
      if (!isOpen) throw new Error("done was called twice");
      isOpen = false;
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
