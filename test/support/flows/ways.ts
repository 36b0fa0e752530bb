import type { FlowNode } from "../runtime/node-red-api.js";
import { createChatStreamNode, createFlowNode, createSinkNode } from "./nodes.js";

/** A way that messages of an output may take. */
export interface Way {
  name: string;
  /** Id of the node that the output is wired to. */
  first: string;
  /** The nodes on the way. */
  nodes: FlowNode[];
}

/** A tab that is disabled, as the nodes of some ways stand on it. */
export const DISABLED_TAB: FlowNode = { id: "off", type: "tab", label: "off", disabled: true };

/** A second tab. */
export const OTHER_TAB: FlowNode = { id: "on", type: "tab", label: "on" };

/** Creates a chat-stream. @param to id of the node behind it */
export function createAskNode(id: string, to: string, more: Record<string, unknown> = {}): FlowNode {
  return { ...createChatStreamNode({ wires: [[to]] }), id, ...more };
}

/** Creates a subflow with one input. @param inside ids of the nodes that the input leads to */
export function createSubflow(
  id: string,
  inside: string[],
  outputs: { id: string; port: number }[] = [],
): FlowNode {
  return {
    id,
    type: "subflow",
    name: id,
    in: [{ x: 0, y: 0, wires: inside.map((one) => ({ id: one })) }],
    out: outputs.map((wire) => ({ x: 0, y: 0, wires: [wire] })),
  };
}

const createLinkOut = (id: string, links: string[], more: Record<string, unknown> = {}) =>
  createFlowNode("link out", id, [], { mode: "link", links, ...more });

const createLinkIn = (id: string, to: string[], more: Record<string, unknown> = {}) =>
  createFlowNode("link in", id, to, more);

const createFunction = (id: string, to: string[], more: Record<string, unknown> = {}) =>
  createFlowNode("function", id, to, { func: "return msg;", outputs: 1, libs: [], ...more });

const createLinkCall = (id: string, to: string, target: string[]) =>
  createFlowNode("link call", id, [to], { links: target, linkType: "static", timeout: "5" });

/**
 * Lists ways on which no message gets to an enabled node that does something with it.
 * @param goal id of an enabled node, which the ways do not reach
 */
export function listDeadEnds(goal: string): Way[] {
  return [
    { name: "a disabled node", first: "c", nodes: [createFunction("c", [goal], { d: true })] },
    { name: "a node that does not exist", first: "gone", nodes: [] },
    {
      name: "a link out whose link in is on a disabled tab",
      first: "lo",
      nodes: [createLinkOut("lo", ["li"]), createLinkIn("li", [goal], { z: "off" })],
    },
    {
      name: "a link out whose link in is disabled",
      first: "lo",
      nodes: [createLinkOut("lo", ["li"]), createLinkIn("li", [goal], { d: true })],
    },
    { name: "a link out without a link in", first: "lo", nodes: [createLinkOut("lo", [])] },
    {
      name: "a link in without a wire",
      first: "lo",
      nodes: [createLinkOut("lo", ["li"]), createLinkIn("li", [])],
    },
    {
      name: "a link call whose link in is on a disabled tab",
      first: "call",
      nodes: [createLinkCall("call", goal, ["li"]), createLinkIn("li", [goal], { z: "off" })],
    },
    {
      name: "a link call without a link in",
      first: "call",
      nodes: [createLinkCall("call", goal, [])],
    },
    { name: "a junction that leads nowhere", first: "j", nodes: [createFlowNode("junction", "j", [])] },
    {
      name: "a junction that leads to a disabled node",
      first: "j",
      nodes: [createFlowNode("junction", "j", ["c"]), createFunction("c", [goal], { d: true })],
    },
    {
      name: "a ring of junctions",
      first: "i",
      nodes: [createFlowNode("junction", "i", ["j"]), createFlowNode("junction", "j", ["i"])],
    },
    {
      name: "a subflow whose input has no wire inside",
      first: "s",
      nodes: [createSubflow("empty", []), createFlowNode("subflow:empty", "s", [goal])],
    },
    {
      name: "a subflow whose nodes are disabled",
      first: "s",
      nodes: [
        createSubflow("sleeping", ["inner"], [{ id: "inner", port: 0 }]),
        createFunction("inner", [], { z: "sleeping", d: true }),
        createFlowNode("subflow:sleeping", "s", [goal]),
      ],
    },
    {
      name: "a disabled subflow",
      first: "s",
      nodes: [
        createSubflow("through", ["inner"], [{ id: "inner", port: 0 }]),
        createFunction("inner", [], { z: "through" }),
        createFlowNode("subflow:through", "s", [goal], { d: true }),
      ],
    },
    {
      name: "a subflow whose output leads to a disabled node",
      first: "s",
      nodes: [
        createSubflow("through", [], [{ id: "through", port: 0 }]),
        createFlowNode("subflow:through", "s", ["c"]),
        createFunction("c", [goal], { d: true }),
      ],
    },
  ];
}

/**
 * Lists ways that end at an enabled node, which does not hand the message back.
 * @param back id of the node that awaits the message
 */
export function listOneWays(back: string): Way[] {
  return [
    {
      name: "a chat-stream that is wired elsewhere",
      first: "c",
      nodes: [createAskNode("c", "elsewhere"), createSinkNode("elsewhere")],
    },
    {
      name: "a chat-stream on another tab that is wired into a disabled link in",
      first: "lo",
      nodes: [
        OTHER_TAB,
        createLinkOut("lo", ["li"]),
        createLinkIn("li", ["c"], { z: "on" }),
        createAskNode("c", "lo2", { z: "on" }),
        createLinkOut("lo2", ["li2"], { z: "on" }),
        createLinkIn("li2", [back], { d: true }),
      ],
    },
    { name: "a debug node", first: "debug", nodes: [createFlowNode("debug", "debug", [], { wires: [] })] },
    {
      name: "a function node without an output",
      first: "f",
      nodes: [createFunction("f", [], { outputs: 0, wires: [] })],
    },
    {
      name: "a subflow whose nodes are not wired to its output",
      first: "s",
      nodes: [
        createSubflow("deaf", ["inner"]),
        createFunction("inner", [], { z: "deaf" }),
        createFlowNode("subflow:deaf", "s", []),
      ],
    },
  ];
}

/** Lists ways to an enabled node. @param goal id of that node */
export function listWays(goal: string): Way[] {
  return [
    { name: "a junction", first: "j", nodes: [createFlowNode("junction", "j", [goal])] },
    {
      name: "a disabled node and a junction beside it",
      first: "j",
      nodes: [createFlowNode("junction", "j", ["c", goal]), createFunction("c", [], { d: true })],
    },
    {
      name: "link nodes to another tab and back",
      first: "lo",
      nodes: [
        OTHER_TAB,
        createLinkOut("lo", ["li"]),
        createLinkIn("li", ["lo2"], { z: "on" }),
        createLinkOut("lo2", ["li2"], { z: "on" }),
        createLinkIn("li2", [goal]),
      ],
    },
    {
      name: "a subflow whose input is wired to its output",
      first: "s",
      nodes: [
        createSubflow("through", [], [{ id: "through", port: 0 }]),
        createFlowNode("subflow:through", "s", [goal]),
      ],
    },
    {
      name: "a subflow with a node inside",
      first: "s",
      nodes: [
        createSubflow("inside", ["inner"], [{ id: "inner", port: 0 }]),
        createFunction("inner", [], { z: "inside" }),
        createFlowNode("subflow:inside", "s", [goal]),
      ],
    },
    {
      name: "a subflow in a subflow",
      first: "s",
      nodes: [
        createSubflow("through", [], [{ id: "through", port: 0 }]),
        createSubflow("outside", ["inner"], [{ id: "inner", port: 0 }]),
        createFlowNode("subflow:through", "inner", [], { z: "outside" }),
        createFlowNode("subflow:outside", "s", [goal]),
      ],
    },
    {
      name: "a link call",
      first: "call",
      nodes: [
        createLinkCall("call", goal, ["li"]),
        createLinkIn("li", ["return"]),
        createFlowNode("link out", "return", [], { mode: "return", links: [] }),
      ],
    },
    { name: "a function node", first: "f", nodes: [createFunction("f", [goal])] },
  ];
}

/** Lists chat-streams that are not simply wired back. @param back id of the node that awaits their streams */
export function listRoundTrips(back: string): Way[] {
  return [
    {
      name: "a subflow that contains the chat-stream",
      first: "s",
      nodes: [
        createSubflow("service", ["inner"], [{ id: "inner", port: 0 }]),
        { ...createAskNode("inner", "", { z: "service" }), wires: [[]] },
        createFlowNode("subflow:service", "s", [back]),
      ],
    },
    {
      name: "a link call whose flow returns the stream",
      first: "call",
      nodes: [
        createLinkCall("call", back, ["li"]),
        createLinkIn("li", ["c"]),
        createAskNode("c", "return"),
        createFlowNode("link out", "return", [], { mode: "return", links: [] }),
      ],
    },
    {
      name: "a chat-stream on another tab, by link nodes",
      first: "lo",
      nodes: [
        OTHER_TAB,
        createLinkOut("lo", ["li"]),
        createLinkIn("li", ["c"], { z: "on" }),
        createAskNode("c", "lo2", { z: "on" }),
        createLinkOut("lo2", ["li2"], { z: "on" }),
        createLinkIn("li2", [back]),
      ],
    },
  ];
}
