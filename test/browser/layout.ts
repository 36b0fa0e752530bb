import type { Page } from "playwright-core";

/** A box on the canvas, in pixels of the canvas. */
interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** What the editor has drawn of a node. */
interface DrawnNode {
  id: string;
  name: string;
  type: string;
  /** The body without the button. */
  body: Box;
  /** The body with the button of an inject or a debug node. */
  whole: Box;
}

/** What the editor has drawn of a wire: points along it, a few pixels apart. */
interface DrawnWire {
  from: string;
  to: string;
  points: [x: number, y: number][];
}

/** A tab of flows as the editor draws it. */
export interface Drawing {
  nodes: DrawnNode[];
  wires: DrawnWire[];
  /** The part of the canvas that is visible without scrolling. */
  width: number;
  height: number;
}

/** Reads what is drawn of the active tab. */
const READ_DRAWING = `() => {
  const chart = document.querySelector("#red-ui-workspace-chart");
  const origin = chart.querySelector("svg").getBoundingClientRect();
  const readBox = (elements) => {
    const boxes = elements.map((element) => element.getBoundingClientRect());
    return {
      left: Math.min(...boxes.map(({ left }) => left)) - origin.left,
      top: Math.min(...boxes.map(({ top }) => top)) - origin.top,
      right: Math.max(...boxes.map(({ right }) => right)) - origin.left,
      bottom: Math.max(...boxes.map(({ bottom }) => bottom)) - origin.top,
    };
  };
  const nodes = [...document.querySelectorAll(".red-ui-flow-node-group")].map((group) => {
    const node = RED.nodes.node(group.id);
    const body = group.querySelector("rect.red-ui-flow-node");
    const button = group.querySelector(".red-ui-flow-node-button-background");
    const label = group.querySelector(".red-ui-flow-node-label");
    const drawn = [body, button, label].filter((element) => element?.getBoundingClientRect().width > 0);
    return { id: node.id, name: node.name || node.type, type: node.type, body: readBox([body]), whole: readBox(drawn) };
  });
  const wires = [...document.querySelectorAll(".red-ui-flow-link")].map((link) => {
    const { source, target } = link.__data__;
    const path = link.querySelector(".red-ui-flow-link-line");
    const length = path.getTotalLength();
    const points = [];
    for (let at = 0; at <= length; at += 4) {
      const { x, y } = path.getPointAtLength(at);
      points.push([x, y]);
    }
    return { from: source.id, to: target.id, points };
  });
  // In Node-RED 5 the sidebar lies over the canvas.
  const sidebar = document.querySelector("#red-ui-sidebar").getBoundingClientRect();
  const width = Math.min(chart.clientWidth, sidebar.left - origin.left);
  return { nodes, wires, width, height: chart.clientHeight };
}`;

/** Shows one tab of flows after the other, without painting them, and reads how each is drawn. */
export function readDrawings(page: Page, tabs: readonly string[]): Promise<Drawing[]> {
  return page.evaluate(`${JSON.stringify(tabs)}.map((tab) => {
    RED.workspaces.show(tab);
    RED.view.redraw(true, true);
    return (${READ_DRAWING})();
  })`);
}

/** Pixels between two nodes side by side, so that a wire between them is seen. */
const MIN_GAP = 60;

/** Pixels between two nodes one above the other, and below a node that shows a status. */
const MIN_ROW_GAP = 8;
const STATUS_HEIGHT = 22;

/** Pixels from the left edge of the canvas. */
const MIN_LEFT = 20;

/** Node types that show what they do below themselves. */
const HAS_STATUS = /^(chat-stream|retry|tool-call-router|budget|speech-stream|delta-buffer)$/;

/** Finds what makes a drawing hard to read. @returns one sentence for each fault */
export function findFaults({ nodes, wires, width }: Drawing): string[] {
  const faults: string[] = [];
  for (const { name, whole } of nodes) {
    if (whole.left < MIN_LEFT)
      faults.push(`“${name}” is cut at the left edge: ${Math.round(whole.left)} px.`);
    if (whole.right > width)
      faults.push(`“${name}” is under the sidebar by ${Math.round(whole.right - width)} px.`);
  }
  for (const [at, one] of nodes.entries())
    for (const other of nodes.slice(at + 1)) {
      const gap = measureGap(one, other);
      if (gap !== undefined) faults.push(`“${one.name}” and “${other.name}” are too close: ${gap}.`);
    }
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  for (const { from, to, points } of wires) {
    const wire = `The wire from “${names.get(from)}” to “${names.get(to)}”`;
    if (points.some(([x]) => x < 0 || x > width)) faults.push(`${wire} leaves the canvas.`);
    for (const { name, body } of nodes)
      if (points.filter(([x, y]) => isInside(body, x, y)).length > 1)
        faults.push(`${wire} runs behind “${name}”.`);
  }
  return faults;
}

/** @returns how far two nodes are apart, if that is too little */
function measureGap(one: DrawnNode, other: DrawnNode): string | undefined {
  const across = Math.max(one.whole.left, other.whole.left) - Math.min(one.whole.right, other.whole.right);
  const down = Math.max(one.body.top, other.body.top) - Math.min(one.body.bottom, other.body.bottom);
  const [upper] = one.body.top < other.body.top ? [one] : [other];
  if (down < 0 && across < MIN_GAP) return `${Math.round(across)} px side by side`;
  const needed = HAS_STATUS.test(upper!.type) ? STATUS_HEIGHT : MIN_ROW_GAP;
  if (across < 0 && down < needed) return `${Math.round(down)} px one above the other`;
  return undefined;
}

/** Whether a point is inside a box, and not only at its edge, where the ports are. */
function isInside({ left, top, right, bottom }: Box, x: number, y: number): boolean {
  const EDGE = 6;
  return x > left + EDGE && x < right - EDGE && y > top + 1 && y < bottom - 1;
}
