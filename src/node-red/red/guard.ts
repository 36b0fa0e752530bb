import type { Done, Message, RuntimeNode, Send } from "./api.js";
import { keepHttp } from "./message-copy.js";
import { reportError, wrapThrown } from "./node-error.js";

/** Handles one message of a node. May be async. */
export type InputHandler = (message: Message, send: Send, done: Done) => void | Promise<void>;

/**
 * Connects a node's handler to Node-RED and keeps the runtime's rules for it: `done` is called exactly once per message;
 * nothing is sent after close, since it would reach the newly deployed flow; no error reaches the runtime, where a
 * rejected promise ends the process; and an error of `send` (a message that cannot be cloned) is reported.
 * @param close ends everything that the node has running
 * @param copyRest copies a message without what the runtime cannot copy
 */
export function guardNode(
  node: RuntimeNode,
  handle: InputHandler,
  close: (removed: boolean) => void,
  copyRest?: (message: Message) => Message,
): void {
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
        keepHttp([message], () => (error === undefined ? done() : done(error)));
      } catch {
        // A Catch or Complete node gets a copy of the message, which cannot be copied.
        if (error !== undefined) reportError(node, error, message, copyRest);
      }
    };
    const guardedSend: Send = (output) => {
      if (closed) return;
      try {
        keepHttp(Array.isArray(output) ? output : [output], () => send(output));
      } catch (thrown) {
        // A node that sends later, from a timer or a socket, has finished its input by then.
        if (open) finish(wrapThrown(thrown));
        else reportError(node, wrapThrown(thrown), message, copyRest);
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
    try {
      close(removed);
      node.status({});
    } catch (thrown) {
      reportError(node, wrapThrown(thrown), {}, copyRest);
    }
    for (const finish of [...pending]) finish();
    done();
  });
}
