import { Failure } from "../../core/failure.js";
import { readFailure } from "../messages/stream-message.js";
import type { Message, NodeRed, RuntimeNode } from "../red/api.js";
import { logWarning } from "../red/log.js";
import { findTarget } from "../red/wiring.js";

/** Nodes that send every message of a stream on, one for one. */
const PASSES_CHUNKS: ReadonlySet<string> = new Set([
  "retry",
  "tool-call-router",
  "change",
  "template",
  "junction",
  "link out",
  "link in",
]);

/** Nodes that always send something on in the end. A way round of nothing but these never ends. */
const NEVER_STOPS: ReadonlySet<string> = new Set([
  ...PASSES_CHUNKS,
  "delta-buffer",
  "collect",
  "chat-stream",
]);

/** Nodes that send a stream on, as the same messages or as others. */
const PASSES_STREAM: ReadonlySet<string> = new Set([...PASSES_CHUNKS, "delta-buffer"]);

/** Nodes whose author was warned. */
const warned = new WeakSet<RuntimeNode>();

/**
 * Refuses wires behind a chat-stream that cost money without end or without sense, before anything is asked: a way back
 * into the node itself that nothing can stop, and a chat-stream that would be asked once for each chunk.
 * @throws Failure `configuration` that names the wire
 */
export function checkReaders(red: NodeRed, node: RuntimeNode): void {
  if (!node.wires?.[0]?.length) return;
  if (findTarget(red, node, ({ id }) => id === node.id, NEVER_STOPS)) {
    throw new Failure(
      "configuration",
      `The answer of ${describe(node)} goes back into its own input, so it would answer its own answers for ever. Remove that wire, or add a switch node that ends the loop.`,
    );
  }
  const next = findTarget(red, node, ({ type }) => type === "chat-stream", PASSES_CHUNKS);
  if (next) {
    throw new Failure(
      "configuration",
      `The output of ${describe(node)} leads straight to ${describe(next)}, which would send a request for each chunk. Put a collect node between them, or a delta-buffer for sentences.`,
    );
  }
  if (warned.has(node)) return;
  const mistake = findMistake(red, node);
  if (mistake === undefined) return;
  warned.add(node);
  logWarning(node, mistake);
}

/** Finds wires behind a chat-stream that do less than their author expects. */
function findMistake(red: NodeRed, node: RuntimeNode): string | undefined {
  if (findTarget(red, node, ({ type }) => type === "http response", PASSES_CHUNKS))
    return `The output of ${describe(node)} leads straight to an http response node, which answers with the first chunk only. Put a collect node between them.`;
  const collect = findTarget(red, node, ({ type }) => type === "collect", PASSES_STREAM);
  const behind = { wires: [(collect?.wires ?? []).flat()] };
  const retry = findTarget(red, behind, ({ type }) => type === "retry", PASSES_CHUNKS);
  if (!collect || !retry) return undefined;
  return `Nothing repeats a failed answer of ${describe(node)}: ${describe(retry)} stands behind ${describe(collect)}, where no stream arrives. Wire it before that node.`;
}

/**
 * Whether a message is the end of a stream that was refused for its wires, and has come back by them. It is not answered:
 * that answer would come back, too.
 */
export function isReturnedRefusal(red: NodeRed, node: RuntimeNode, message: Message): boolean {
  if (message.error === undefined || readFailure(message)?.code !== "configuration") return false;
  try {
    checkReaders(red, node);
    return false;
  } catch {
    return true;
  }
}

function describe({ name, type }: RuntimeNode): string {
  return name ? `“${name}”` : `a ${type} node`;
}
