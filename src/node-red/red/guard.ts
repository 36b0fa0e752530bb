import type { Done, Message, RuntimeNode, Send } from "./api.js";
import { wrapThrown } from "./node-error.js";

/** How a node handles its inputs; may be async. */
export type InputHandler = (message: Message, send: Send, done: Done) => void | Promise<void>;

/**
 * Stands between Node-RED and a node's handler and keeps the runtime's rules for it: `done` once per input and
 * always, nothing sent after close (Node-RED would deliver it into the new flow), nothing thrown into the runtime
 * (a rejected promise there ends the process), nor by it (a message that cannot be cloned for a second wire).
 * @param close ends what the node has running; must not throw
 */
export function guardNode(node: RuntimeNode, handle: InputHandler, close: (removed: boolean) => void): void {
  let closed = false;
  /** What a handler has left open when it returned. A node that passes messages on leaves nothing, and pays nothing. */
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
        // A Catch or Complete node gets a clone, and this message cannot be cloned: the error is told without it.
        if (error !== undefined) node.error(error, {});
      }
    };
    const guardedSend: Send = (output) => {
      if (closed) return;
      try {
        send(output);
      } catch (thrown) {
        finish(wrapThrown(thrown));
      }
    };
    try {
      const handled = handle(message, guardedSend, finish);
      if (handled) handled.catch((thrown: unknown) => finish(wrapThrown(thrown)));
    } catch (thrown) {
      finish(wrapThrown(thrown));
    }
    // What it sent may have closed the node, where the runtime delivers at once.
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
