import type { NodeRed, RuntimeNode } from "./api.js";
import { isDeploying } from "./flow/deploys.js";
import { readLinkCall } from "./flow/link-call.js";

/** As much of a node as a walk over wires needs. */
type Wired = Pick<RuntimeNode, "wires">;

/** Nodes that hand a stream on, its failure too, by their first output. */
const STREAM_NODES: ReadonlySet<string> = new Set([
  "budget",
  "retry",
  "tool-call-router",
  "delta-buffer",
  "junction",
  "link out",
  "link in",
]);

/** Nodes that do nothing with a message but hand it on. */
const PASSAGES: ReadonlySet<string> = new Set(["junction", "link out", "link in", "link call"]);

/** Nodes without an output at which a message ends. Others without one may send it to another machine and back. */
const SINKS: ReadonlySet<string> = new Set([
  "debug",
  "function",
  "http response",
  "junction",
  "link in",
  "link out",
]);

/** Nodes that may hold a message for as long as their author wants. */
const SLOW: ReadonlySet<string> = new Set(["delay", "trigger", "batch"]);

/** Nodes that a walk visits at most. */
const MAX_VISITED = 5000;

/** Where the messages of an output get to. */
export interface Way {
  /** `back`: into the node itself. `elsewhere`: out of the wires, perhaps to another machine. `nowhere`: to no enabled node. */
  end: "back" | "elsewhere" | "nowhere";
  /** Whether a node on the way may hold messages for long. */
  isSlow: boolean;
}

/**
 * Follows the wires of an output through all enabled nodes: junctions, links and subflows included.
 * @param output from 0
 */
export function findWay(red: NodeRed, node: Wired & { id: string }, output: number): Way {
  let isBack = false;
  let isElsewhere = false;
  let isSlow = false;
  /** Whether a link call was passed, to which a link out may return. */
  let isCalled = false;
  for (const target of walk(red, node.wires?.[output] ?? [], (one) => listTargets(red, one))) {
    if (target.id === node.id) isBack = true;
    if (SLOW.has(target.type)) isSlow = true;
    if (target.type === "link call") {
      if (readLinkCall(red, target).isDynamic) isElsewhere = true;
      else isCalled = true;
    } else if (leavesWires(target) && !(isCalled && isReturn(target))) isElsewhere = true;
  }
  if (isElsewhere) isSlow = true;
  return { end: isBack ? "back" : isElsewhere ? "elsewhere" : "nowhere", isSlow };
}

/**
 * Whether a message that leaves by an output gets to an enabled node that does something with it.
 * @param output from 0
 */
export function isWired(red: NodeRed, node: Wired, output: number): boolean {
  const next = (one: RuntimeNode) => (isPassage(one) ? listTargets(red, one) : []);
  for (const target of walk(red, node.wires?.[output] ?? [], next)) {
    if (!isPassage(target) || leavesWires(target)) return true;
    if (target.type === "link call" && readLinkCall(red, target).isDynamic) return true;
  }
  return false;
}

/** Whether a node's stream goes into such a node, straight or through nothing but nodes that hand it on. */
export function leadsTo(red: NodeRed, node: Wired, isWanted: (target: RuntimeNode) => boolean): boolean {
  return findTarget(red, node, isWanted, STREAM_NODES) !== undefined;
}

/**
 * Finds an enabled node that a node's first output reaches through nothing but these types: through their first outputs,
 * and through both outputs of collect.
 */
export function findTarget(
  red: NodeRed,
  node: Wired,
  isWanted: (target: RuntimeNode) => boolean,
  through: ReadonlySet<string>,
): RuntimeNode | undefined {
  const next = (one: RuntimeNode) => {
    if (!through.has(one.type) && !isSubflow(one)) return [];
    return one.type === "collect" ? (one.wires ?? []).flat() : (one.wires?.[0] ?? []);
  };
  for (const target of walk(red, node.wires?.[0] ?? [], next)) if (isWanted(target)) return target;
  return undefined;
}

/**
 * Finds the first enabled node of a type that a message which leaves by an output gets to.
 * @param output from 0
 */
export function findBehind(red: NodeRed, node: Wired, output: number, type: string): RuntimeNode | undefined {
  const next = (one: RuntimeNode) => (one.type === type ? [] : listTargets(red, one));
  for (const target of walk(red, node.wires?.[output] ?? [], next)) if (target.type === type) return target;
  return undefined;
}

/** Whether a node's stream goes into a retry node: then a failure is that node's to mend or to report. */
export function feedsRetry(red: NodeRed, node: Wired): boolean {
  return leadsTo(red, node, ({ type }) => type === "retry");
}

/** @returns the name of an output and of what it is wired to, as errors quote it: “output 2 (to “Ask”)” */
export function describeWire(red: NodeRed, node: Wired, output: number): string {
  const targets = (node.wires?.[output] ?? []).map((id) => red.nodes.getNode(id));
  const names = targets.flatMap((target) => (target ? [`“${target.name || target.type}”`] : []));
  const target = names.length > 0 ? names.slice(0, 3).join(", ") : "no enabled node";
  return `output ${output + 1} (to ${target})`;
}

/**
 * @returns why nothing that leaves by an output comes back to the node, for its author; undefined if it can, or if a deploy
 * exchanges nodes
 */
export function describeDeadEnd(
  red: NodeRed,
  node: Wired & { id: string },
  output: number,
): string | undefined {
  if (findWay(red, node, output).end !== "nowhere" || isDeploying(red)) return undefined;
  return `What goes to ${describeWire(red, node, output)} does not come back to this node. Wire it into an enabled chat-stream, and its output into this node.`;
}

/** Visits the enabled nodes that wires lead to, each once. */
function* walk(
  red: NodeRed,
  first: readonly string[],
  next: (node: RuntimeNode) => readonly string[],
): Generator<RuntimeNode> {
  const seen = new Set(first);
  for (const id of seen) {
    const node = red.nodes.getNode(id);
    if (!node) continue;
    yield node;
    if (seen.size < MAX_VISITED) for (const target of next(node)) seen.add(target);
  }
}

/** @returns ids of the nodes that a node sends its messages to */
function listTargets(red: NodeRed, node: RuntimeNode): readonly string[] {
  const wires = (node.wires ?? []).flat();
  if (node.type !== "link call") return wires;
  const { isDynamic, target } = readLinkCall(red, node);
  if (isDynamic) return wires;
  return target === undefined ? [] : [target, ...wires];
}

function isSubflow({ type }: RuntimeNode): boolean {
  return type.startsWith("subflow:");
}

function isPassage(node: RuntimeNode): boolean {
  return PASSAGES.has(node.type) || isSubflow(node);
}

/** Whether a node sends messages back to whichever `link call` they came through. */
function isReturn({ type, mode }: RuntimeNode): boolean {
  return type === "link out" && mode === "return";
}

function leavesWires(node: RuntimeNode): boolean {
  if (node.type === "link out") return isReturn(node);
  return (node.wires ?? []).length === 0 && !SINKS.has(node.type) && !isSubflow(node);
}
