import { Failure, toFailure } from "../../core/failure.js";
import { limitWait } from "../../core/lifecycle/limit-wait.js";
import { systemClock } from "../../transport/system-clock.js";
import type { Done, Message, RuntimeNode, Send } from "./api.js";
import { logWarning } from "./log.js";
import { keepHttp } from "./message-copy.js";
import { reportError, wrapThrown } from "./node-error.js";

/** How long a closing node may wait for what it still writes. Node-RED starts the new flows when all nodes are closed. */
const MAX_CLOSE_MS = 800;

const STILL_WRITING =
  "The context store was still writing when this node was closed. What was last stored may be lost. Check contextStorage in the settings of Node-RED.";

/** Handles one message of a node. May be async. */
export type InputHandler = (message: Message, send: Send, done: Done) => void | Promise<void>;

/**
 * Connects a node's handler to Node-RED and keeps the runtime's rules for it: `done` is called exactly once per message;
 * nothing is sent after close, since it would reach the newly deployed flow; no error reaches the runtime, where a
 * rejected promise ends the process; and an error of `send` (a message that cannot be cloned) is reported.
 * @param close ends everything that the node has running; a promise if it still writes to a store
 * @param copyRest copies a message without what the runtime cannot copy
 */
export function guardNode(
  node: RuntimeNode,
  handle: InputHandler,
  close: () => void | Promise<void>,
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

  node.on("close", (_removed, done) => {
    closed = true;
    const writes = closeSafely(node, close, copyRest);
    for (const finish of [...pending]) finish();
    if (writes) awaitWrites(node, writes).finally(done);
    else done();
  });
}

/** Closes a node. If that throws, the error is reported. @returns what the node still writes, if anything */
function closeSafely(
  node: RuntimeNode,
  close: () => void | Promise<void>,
  copyRest?: (message: Message) => Message,
): Promise<void> | undefined {
  let writes: Promise<void> | undefined;
  try {
    writes = close() || undefined;
    node.status({});
  } catch (thrown) {
    reportError(node, wrapThrown(thrown), {}, copyRest);
  }
  return writes;
}

/** Waits for what a closed node still writes, but not for long. */
function awaitWrites(node: RuntimeNode, writes: Promise<void>): Promise<void> {
  const createFailure = () => new Failure("timeout", STILL_WRITING);
  return limitWait(systemClock, writes, MAX_CLOSE_MS, createFailure).catch((thrown: unknown) =>
    logWarning(node, toFailure(thrown).message),
  );
}
