import type { Done, Message, RuntimeNode, Send } from "./api.js";
import { wrapThrown } from "./node-error.js";

/** Handles one message of a node. May be async. */
export type InputHandler = (message: Message, send: Send, done: Done) => void | Promise<void>;

/**
 * Connects a node's handler to Node-RED and keeps the runtime's rules for it: `done` is called exactly once per message;
 * nothing is sent after close, since it would reach the newly deployed flow; no error reaches the runtime, where a
 * rejected promise ends the process; and an error of `send` (a message that cannot be cloned) is reported.
 * @param close ends everything that the node has running; must not throw
 */
export function guardNode(node: RuntimeNode, handle: InputHandler, close: (removed: boolean) => void): void {
  let closed = false;
  /** Messages that are not done when the handler has returned. Nodes that finish at once never use it. */
  const pending = new Set<Done>();

  node.on("input", (message, send, done) => {
    if (closed) {
      done();
      return;
    }
    let open = true;
    const finish: Done = (error) => {
      if (!open) return;
      open = false;
      pending.delete(finish);
      try {
        if (error === undefined) done();
        else done(error);
      } catch {
        // A Catch or Complete node gets a clone of the message, which cannot be cloned. Report the error without it.
        if (error !== undefined) node.error(error, {});
      }
    };
    const guardedSend: Send = (output) => {
      if (closed) return;
      try {
        send(output);
      } catch (thrown) {
        // A node that sends later, from a timer or a socket, has finished its input by then.
        if (open) finish(wrapThrown(thrown));
        else node.error(wrapThrown(thrown), {});
      }
    };
    try {
      const handled = handle(message, guardedSend, finish);
      if (handled) handled.catch((thrown: unknown) => finish(wrapThrown(thrown)));
    } catch (thrown) {
      finish(wrapThrown(thrown));
    }
    // If the runtime delivers synchronously, a message that was sent may have closed this node.
    if (open && closed) finish();
    else if (open) pending.add(finish);
  });

  node.on("close", (removed, done) => {
    closed = true;
    close(removed);
    for (const finish of [...pending]) finish();
    node.status({});
    done();
  });
}
