import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";

/** The part of a node in the editor that the tests read. */
interface EditorNode {
  id: string;
  type: string;
  name?: string;
  valid?: boolean;
  validationErrors?: string[];
}

/** The global object of the editor in its page, see nodered.org/docs/api/ui. */
declare const RED: {
  actions: { invoke(action: string): void };
  nodes: {
    node(id: string): EditorNode | null;
    /** Whether there are changes to deploy. */
    dirty(): boolean;
    filterNodes(filter: { type?: string }): EditorNode[];
    eachNode(visit: (node: EditorNode) => void): void;
    eachConfig(visit: (node: EditorNode) => void): void;
  };
};

/** An element that can scroll. The tests are compiled without the types of the DOM. */
interface ScrollableElement {
  scrollTo(x: number, y: number): void;
}

/** The notices that RECORD_NOTICES collects in the page. */
declare const notices: { kind: string; text: string }[];

/** Records every notice and every change of its text, because notices disappear. */
const RECORD_NOTICES = `
  globalThis.notices = [];
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      for (const node of [target, ...addedNodes]) {
        const notice = (node.closest ? node : node.parentElement)?.closest(".red-ui-notification");
        if (notice) notices.push({ kind: notice.className, text: notice.textContent });
      }
    }
  }).observe(document.querySelector("#red-ui-notifications"), { childList: true, subtree: true });
`;

/** Node-RED's editor, used by mouse and keyboard as users do it. */
export class EditorPage {
  constructor(
    readonly page: Page,
    readonly url: string,
  ) {}

  /** Loads the editor and waits until it can be used. */
  async open(): Promise<void> {
    await this.page.goto(this.url);
    await this.waitUntilReady();
  }

  /** Waits until the editor can be used. */
  async waitUntilReady(): Promise<void> {
    await this.page.locator("#red-ui-header-button-deploy").waitFor();
    await this.page.locator("#red-ui-loading-progress").waitFor({ state: "hidden" });
    await this.locatePaletteNode("inject").waitFor();
    await this.page.evaluate(RECORD_NOTICES);
  }

  // ---- The palette and the canvas

  /** Locates the palette entry of a node type. */
  locatePaletteNode(type: string): Locator {
    return this.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
  }

  /** Drags a new node from the palette to the canvas. @param x, y pixels from the corner of the canvas @returns its id */
  async drag(type: string, x: number, y: number): Promise<string> {
    const before = await this.getIds(type);
    const entry = this.locatePaletteNode(type);
    await entry.scrollIntoViewIfNeeded();
    const from = await findMiddle(entry);
    const chart = this.page.locator("#red-ui-workspace-chart");
    await chart.evaluate((canvas) => (canvas as unknown as ScrollableElement).scrollTo(0, 0));
    const canvas = await chart.boundingBox();
    assert.ok(canvas);
    await this.page.mouse.move(from.x, from.y);
    await this.page.mouse.down();
    await this.page.mouse.move(from.x + 20, from.y + 5, { steps: 3 });
    await this.page.mouse.move(canvas.x + x, canvas.y + y, { steps: 8 });
    await this.page.mouse.up();
    const added = (await this.getIds(type)).filter((id) => !before.includes(id));
    assert.equal(added.length, 1, `dragging ${type} should add one node`);
    return added[0]!;
  }

  /** Draws a wire from an output of one node to the input of another. */
  async drawWire(from: string, to: string, output = 0): Promise<void> {
    const links = this.page.locator(".red-ui-flow-link");
    const before = await links.count();
    const start = await this.findPosition(
      this.locateNode(from).locator(".red-ui-flow-port-output .red-ui-flow-port").nth(output),
    );
    const end = await this.findPosition(
      this.locateNode(to).locator(".red-ui-flow-port-input .red-ui-flow-port"),
    );
    await this.page.mouse.move(start.x, start.y);
    await this.page.mouse.down();
    await this.page.mouse.move(end.x, end.y, { steps: 8 });
    await this.page.mouse.up();
    await links.nth(before).waitFor({ state: "attached" });
  }

  /**
   * Finds the middle of something on the canvas, once it does not move. The canvas is scrolled to its upper left corner,
   * because the editor scrolls it when a dialog opens.
   */
  private async findPosition(locator: Locator): Promise<{ x: number; y: number }> {
    await locator.waitFor();
    const canvas = this.page.locator("#red-ui-workspace-chart");
    for (let last = ""; ; ) {
      await canvas.evaluate((chart) => (chart as unknown as ScrollableElement).scrollTo(0, 0));
      const middle = await findMiddle(locator);
      if (JSON.stringify(middle) === last) return middle;
      last = JSON.stringify(middle);
      await this.page.waitForTimeout(50);
    }
  }

  /** Clicks something on the canvas. */
  protected async click(locator: Locator, times: 1 | 2 = 1): Promise<void> {
    const { x, y } = await this.findPosition(locator);
    await this.page.mouse.click(x, y, { clickCount: times });
  }

  /** Selects a node. */
  async select(id: string): Promise<void> {
    await this.click(this.locateNode(id).locator("rect.red-ui-flow-node"));
  }

  /** Locates a node on the canvas. */
  locateNode(id: string): Locator {
    return this.page.locator(`[id="${id}"]`);
  }

  /** Locates the status text of a node. */
  locateStatus(id: string): Locator {
    return this.locateNode(id).locator(".red-ui-flow-node-status-label");
  }

  /** Moves the pointer to an empty place, so that nothing is highlighted and no tooltip is open. */
  async movePointerAway(): Promise<void> {
    await this.page.mouse.move(700, 760);
  }

  /** Returns the ids of all nodes of a type. */
  getIds(type: string): Promise<string[]> {
    return this.page.evaluate((type) => {
      const ids: string[] = [];
      const addNode = (node: EditorNode) => {
        if (node.type === type) ids.push(node.id);
      };
      RED.nodes.eachNode(addNode);
      RED.nodes.eachConfig(addNode);
      return ids;
    }, type);
  }

  /** Finds a node of the given type by its name. */
  async findByName(type: string, name: string): Promise<string> {
    const id = await this.page.evaluate(
      ([type, name]) => RED.nodes.filterNodes({ type: type! }).find((node) => node.name === name)?.id,
      [type, name],
    );
    assert.ok(id, `no ${type} is called “${name}”`);
    return id;
  }

  /** Returns properties of a node, as the editor holds them. */
  getProperties(id: string, names: string[]): Promise<Record<string, unknown>> {
    return this.page.evaluate(
      `Object.fromEntries(${JSON.stringify(names)}.map((name) => [name, RED.nodes.node(${JSON.stringify(id)})[name]]))`,
    );
  }

  /** Returns what the editor finds wrong with a node: sentences or names of properties, `undefined` if it is valid. */
  getProblems(id: string): Promise<string[] | undefined> {
    return this.page.evaluate((id) => {
      const node = RED.nodes.node(id);
      return node?.valid === false ? (node.validationErrors ?? []) : undefined;
    }, id);
  }

  /** Returns all nodes that the editor marks as invalid. */
  getInvalidNodes(): Promise<EditorNode[]> {
    return this.page.evaluate(() => {
      const invalid: EditorNode[] = [];
      const addNode = ({ id, type, name, valid, validationErrors }: EditorNode) => {
        if (valid === false) invalid.push({ id, type, name, validationErrors } as EditorNode);
      };
      RED.nodes.eachNode(addNode);
      RED.nodes.eachConfig(addNode);
      return invalid;
    });
  }

  /** Locates the red triangle of an invalid node. */
  locateErrorMark(id: string): Locator {
    return this.locateNode(id).locator(".red-ui-flow-node-error:not(.hide)");
  }

  /** Hovers over something until a tooltip contains a text. @returns the whole tooltip */
  async readTooltip(target: Locator, text = /./): Promise<string> {
    await target.hover();
    const tooltips = this.page.locator(".red-ui-popover:visible, .red-ui-flow-port-tooltip");
    return (await tooltips.filter({ hasText: text }).first().textContent()) ?? "";
  }

  /** Waits until there are no changes to deploy. */
  protected async waitUntilDeployed(): Promise<void> {
    await this.page.waitForFunction(() => !RED.nodes.dirty());
  }

  /** Shows a tab of flows. */
  async showFlow(label: string): Promise<void> {
    await this.page.locator("#red-ui-workspace-tabs").getByText(label, { exact: true }).click();
  }

  // ---- Notices and the page

  /** Returns all warnings and errors that the editor has shown. */
  getComplaints(): Promise<string[]> {
    return this.page.evaluate(() =>
      notices.filter(({ kind }) => /warning|error/.test(kind)).map(({ text }) => text),
    );
  }

  /** Returns the markup of the page, the values of its fields and its storage. */
  readWholePage(): Promise<string> {
    return this.page.evaluate(
      `document.documentElement.outerHTML + [...document.querySelectorAll("input, textarea")].map(({ value }) => value)
        + JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage })`,
    );
  }

  /** Invokes an action, as a menu entry or a shortcut does. */
  async invokeAction(name: string): Promise<void> {
    await this.page.evaluate((name) => RED.actions.invoke(name), name);
  }
}

async function findMiddle(locator: Locator): Promise<{ x: number; y: number }> {
  const box = await locator.boundingBox();
  assert.ok(box, "the element should be on the page");
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
