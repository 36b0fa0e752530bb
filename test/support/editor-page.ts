import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";

/** The part of a node in the editor that the tests look at. */
interface EditorNode {
  id: string;
  type: string;
  name?: string;
  valid?: boolean;
  validationErrors?: string[];
}

/** The editor's own global, in its page; see nodered.org/docs/api/ui. */
declare const RED: {
  actions: { invoke(action: string): void };
  nodes: {
    node(id: string): EditorNode | null;
    filterNodes(filter: { type?: string }): EditorNode[];
    eachNode(visit: (node: EditorNode) => void): void;
    eachConfig(visit: (node: EditorNode) => void): void;
  };
};

/** An element, as far as these tests scroll it; they are compiled without the types of the DOM. */
interface Scrolling {
  scrollTo(x: number, y: number): void;
}

/** What RECORD_NOTICES collects in the page. */
declare const notices: { kind: string; text: string }[];

const RECORD_NOTICES = `
  globalThis.notices = [];
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const { className, textContent } of addedNodes) notices.push({ kind: className, text: textContent });
    }
  }).observe(document.querySelector("#red-ui-notifications"), { childList: true });
`;

/** One message in the debug sidebar. */
export interface DebugMessage {
  /** The debug node's name or id. */
  from: string;
  /** As the sidebar writes it, a string in quotes. */
  value: string;
}

/** Node-RED's editor, used as its user does: by mouse and keyboard. */
export class EditorPage {
  private noticesRead = 0;

  constructor(
    readonly page: Page,
    readonly url: string,
  ) {}

  /** Loads the editor and waits until it can be used. */
  async open(): Promise<void> {
    await this.page.goto(this.url);
    await this.ready();
  }

  /** Waits until the editor can be used. */
  async ready(): Promise<void> {
    await this.page.locator("#red-ui-header-button-deploy").waitFor();
    await this.page.locator("#red-ui-loading-progress").waitFor({ state: "hidden" });
    await this.paletteNode("inject").waitFor();
    await this.page.evaluate(RECORD_NOTICES);
    this.noticesRead = 0;
  }

  // ---- The palette and the canvas

  paletteNode(type: string): Locator {
    return this.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
  }

  /** Drags a new node from the palette to a place on the canvas, in pixels from its corner. @returns its id */
  async drag(type: string, x: number, y: number): Promise<string> {
    const before = await this.ids(type);
    const entry = this.paletteNode(type);
    await entry.scrollIntoViewIfNeeded();
    const from = await middleOf(entry);
    const chart = this.page.locator("#red-ui-workspace-chart");
    await chart.evaluate((canvas) => (canvas as unknown as Scrolling).scrollTo(0, 0));
    const canvas = await chart.boundingBox();
    assert.ok(canvas);
    await this.page.mouse.move(from.x, from.y);
    await this.page.mouse.down();
    await this.page.mouse.move(from.x + 20, from.y + 5, { steps: 3 });
    await this.page.mouse.move(canvas.x + x, canvas.y + y, { steps: 8 });
    await this.page.mouse.up();
    const added = (await this.ids(type)).filter((id) => !before.includes(id));
    assert.equal(added.length, 1, `dragging ${type} should add one node`);
    return added[0]!;
  }

  /** Draws a wire from an output of one node to the input of another. */
  async wire(from: string, to: string, output = 0): Promise<void> {
    const links = this.page.locator(".red-ui-flow-link");
    const before = await links.count();
    const start = await this.place(
      this.node(from).locator(".red-ui-flow-port-output .red-ui-flow-port").nth(output),
    );
    const end = await this.place(this.node(to).locator(".red-ui-flow-port-input .red-ui-flow-port"));
    await this.page.mouse.move(start.x, start.y);
    await this.page.mouse.down();
    await this.page.mouse.move(end.x, end.y, { steps: 8 });
    await this.page.mouse.up();
    await links.nth(before).waitFor({ state: "attached" });
  }

  /**
   * Where something on the canvas is, once it stands still there. The editor scrolls the canvas when a dialog opens;
   * here it always shows its upper left corner.
   */
  private async place(locator: Locator): Promise<{ x: number; y: number }> {
    await locator.waitFor();
    const canvas = this.page.locator("#red-ui-workspace-chart");
    for (let last = ""; ; ) {
      await canvas.evaluate((chart) => (chart as unknown as Scrolling).scrollTo(0, 0));
      const middle = await middleOf(locator);
      if (JSON.stringify(middle) === last) return middle;
      last = JSON.stringify(middle);
      await this.page.waitForTimeout(50);
    }
  }

  private async click(locator: Locator, times: 1 | 2 = 1): Promise<void> {
    const { x, y } = await this.place(locator);
    await this.page.mouse.click(x, y, { clickCount: times });
  }

  /** Selects a node. */
  async select(id: string): Promise<void> {
    await this.click(this.node(id).locator("rect.red-ui-flow-node"));
  }

  node(id: string): Locator {
    return this.page.locator(`[id="${id}"]`);
  }

  status(id: string): Locator {
    return this.node(id).locator(".red-ui-flow-node-status-label");
  }

  /** Moves the pointer off everything, so that nothing is highlighted and no tooltip covers anything. */
  async rest(): Promise<void> {
    await this.page.mouse.move(700, 760);
  }

  ids(type: string): Promise<string[]> {
    return this.page.evaluate((type) => {
      const ids: string[] = [];
      const note = (node: EditorNode) => {
        if (node.type === type) ids.push(node.id);
      };
      RED.nodes.eachNode(note);
      RED.nodes.eachConfig(note);
      return ids;
    }, type);
  }

  /** Finds a node of the given type by its name. */
  async named(type: string, name: string): Promise<string> {
    const id = await this.page.evaluate(
      ([type, name]) => RED.nodes.filterNodes({ type: type! }).find((node) => node.name === name)?.id,
      [type, name],
    );
    assert.ok(id, `no ${type} is called “${name}”`);
    return id;
  }

  /** What the editor finds wrong with a node: its sentences, or the names of properties. Undefined: nothing. */
  problems(id: string): Promise<string[] | undefined> {
    return this.page.evaluate((id) => {
      const node = RED.nodes.node(id);
      return node?.valid === false ? (node.validationErrors ?? []) : undefined;
    }, id);
  }

  /** Everything in the editor that it marks as invalid. */
  invalid(): Promise<EditorNode[]> {
    return this.page.evaluate(() => {
      const invalid: EditorNode[] = [];
      const note = ({ id, type, name, valid, validationErrors }: EditorNode) => {
        if (valid === false) invalid.push({ id, type, name, validationErrors } as EditorNode);
      };
      RED.nodes.eachNode(note);
      RED.nodes.eachConfig(note);
      return invalid;
    });
  }

  /** The red triangle on an invalid node. */
  mark(id: string): Locator {
    return this.node(id).locator(".red-ui-flow-node-error:not(.hide)");
  }

  /** What the tooltip says when the pointer rests on something. */
  async hint(target: Locator): Promise<string> {
    await target.hover();
    const tooltip = this.page.locator(".red-ui-popover:visible, .red-ui-flow-port-tooltip").last();
    await tooltip.waitFor();
    return (await tooltip.textContent()) ?? "";
  }

  /** Shows a tab of flows. */
  async showFlow(label: string): Promise<void> {
    await this.page.locator("#red-ui-workspace-tabs").getByText(label, { exact: true }).click();
  }

  // ---- Dialogs

  /** Opens a node's dialog. */
  async edit(id: string): Promise<void> {
    const opened = this.page.locator("#node-dialog-ok");
    for (let tries = 1; ; tries++) {
      await this.click(this.node(id).locator("rect.red-ui-flow-node"), 2);
      // On a busy machine the second click may come too late to count.
      const seen = await opened.waitFor({ timeout: 2_000 }).then(
        () => true,
        () => false,
      );
      if (seen) break;
      assert.ok(tries < 5, "a double click opens the dialog");
    }
    await this.settled("#node-dialog-ok");
  }

  /** The tray slides in; until it stands, a click may miss. */
  private async settled(button: string): Promise<void> {
    await this.page.locator(button).waitFor();
    await this.page.locator(button).click({ trial: true });
  }

  async done(): Promise<void> {
    await this.page.locator("#node-dialog-ok").click();
    await this.page.locator("#node-dialog-ok").waitFor({ state: "detached" });
  }

  async cancel(): Promise<void> {
    await this.page.locator("#node-dialog-cancel").click();
    await this.page.locator("#node-dialog-cancel").waitFor({ state: "detached" });
  }

  /** From a node's dialog to the dialog of the config node that it uses, or of a new one. */
  async editConfig(property: string, which: "add" | "edit"): Promise<void> {
    await this.page.locator(`#node-input-btn-${property}-${which}`).click();
    await this.settled("#node-config-dialog-ok");
  }

  /** Takes over what stands in a config node's dialog and goes back. */
  async configDone(): Promise<void> {
    await this.page.locator("#node-config-dialog-ok").click();
    await this.page.locator("#node-config-dialog-ok").waitFor({ state: "detached" });
  }

  field(id: string): Locator {
    return this.page.locator(`#${id}`);
  }

  /** Types a value into a field of a dialog. */
  async fill(id: string, text: string): Promise<void> {
    const field = this.field(id);
    await field.fill(text);
    // The editor judges a field when a key goes up.
    await field.press("End");
  }

  /** A field that is marked as wrong. */
  wrong(id: string): Locator {
    return this.page.locator(`#${id}.input-error`);
  }

  /** Brings a page of our own dialogs to the front. */
  async tab(label: string): Promise<void> {
    await this.page.locator(".chat-form .red-ui-tab").getByText(label, { exact: true }).click();
  }

  /** Sets a typed input by the name of its type and its text. */
  async type(input: Locator, type: string, text: string): Promise<void> {
    const container = input.locator("xpath=following-sibling::div[1]");
    await container.locator(".red-ui-typedInput-type-select").click();
    await this.page.locator(".red-ui-typedInput-options:visible").getByText(type, { exact: true }).click();
    await container.locator("input.red-ui-typedInput-input").fill(text);
  }

  // ---- Deploying and running

  async deploy(): Promise<void> {
    await this.page.locator("#red-ui-header-button-deploy").click();
    await this.page.locator("#red-ui-header-button-deploy.disabled").waitFor();
    // It is a moment between "written" and "running" that a test would otherwise hit.
    await this.noticed(/Successfully deployed/);
  }

  async press(inject: string): Promise<void> {
    await this.click(this.node(inject).locator(".red-ui-flow-node-button-button"));
  }

  /** Waits for a notice that no earlier call has waited for. They come and go; none is missed. */
  async noticed(text: RegExp): Promise<void> {
    const found = await this.page.waitForFunction(
      ([source, from]) => {
        const at = notices.findIndex((notice, at) => at >= from! && new RegExp(source!).test(notice.text));
        return at + 1;
      },
      [text.source, this.noticesRead] as const,
    );
    this.noticesRead = await found.jsonValue();
  }

  /** All notices so far that warn or complain. */
  complaints(): Promise<string[]> {
    return this.page.evaluate(() =>
      notices.filter(({ kind }) => /warning|error/.test(kind)).map(({ text }) => text),
    );
  }

  async debugMessages(): Promise<DebugMessage[]> {
    const found = await this.page
      .locator(".red-ui-debug-msg")
      .evaluateAll((messages) =>
        (messages as unknown as { querySelector(selector: string): { textContent: string } | null }[]).map(
          (message) => [
            message.querySelector(".red-ui-debug-msg-name")?.textContent ?? "",
            message.querySelector(".red-ui-debug-msg-payload")?.textContent ?? "",
          ],
        ),
      );
    return found.map(([name, value]) => ({ from: name!.replace(/^node: /, ""), value: value! }));
  }

  /** Waits until a debug node has written a message that fits. @returns what it wrote */
  async debugged(from: string, value: RegExp): Promise<string> {
    const message = this.page
      .locator(".red-ui-debug-msg")
      .filter({ has: this.page.locator(".red-ui-debug-msg-name", { hasText: from }) })
      .locator(".red-ui-debug-msg-payload")
      .filter({ hasText: value })
      .first();
    await message.waitFor({ state: "attached" });
    return (await message.textContent()) ?? "";
  }

  async clearDebug(): Promise<void> {
    await this.page.locator("#red-ui-sidebar-debug-clear").click();
    await this.page.locator(".red-ui-debug-msg").first().waitFor({ state: "detached" });
  }

  /** All that the page holds: its markup and what stands in its fields. */
  everything(): Promise<string> {
    return this.page.evaluate(
      `document.documentElement.outerHTML + [...document.querySelectorAll("input, textarea")].map(({ value }) => value)
        + JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage })`,
    );
  }

  // ---- Actions of the menu

  /** Sends a tarball through the upload of the palette manager. */
  async upload(path: string): Promise<void> {
    await this.action("core:manage-palette");
    await this.page.locator("#user-settings-tab-palette, .red-ui-palette-editor").first().waitFor();
    await this.page.locator(".red-ui-palette-editor .red-ui-tab").getByText("Install").click();
    await this.page.locator(".red-ui-palette-editor-upload-button input[type=file]").setInputFiles(path);
    await this.page.locator(".red-ui-palette-editor-upload-buttons .primary").click();
  }

  async closeSettings(): Promise<void> {
    await this.page.locator("#node-dialog-ok").click();
    await this.page.locator("#node-dialog-ok").waitFor({ state: "detached" });
  }

  /** Opens the help of a type of nodes, from the table of contents. */
  async showHelp(label: string): Promise<void> {
    await this.page.locator(".red-ui-sidebar-help-toc").getByText(label, { exact: true }).click();
    await this.page.locator(".red-ui-help-title").getByText(label, { exact: true }).waitFor();
  }

  /** Import > Examples, by the names in the dialog. */
  async importExample(module: string, name: string): Promise<void> {
    await this.action("core:show-examples-import-dialog");
    const entries = this.page.locator(".red-ui-clipboard-dialog-tab-library:visible .red-ui-treeList-label");
    const example = entries.getByText(name, { exact: true });
    const folder = entries.getByText(module, { exact: true });
    await folder.waitFor();
    if (!(await example.isVisible())) await folder.dblclick();
    await example.click();
    const ok = this.page.locator("#red-ui-clipboard-dialog-ok");
    await ok.click();
    await ok.waitFor({ state: "hidden" });
  }

  /** Everything that Export would write into a file. */
  async exported(): Promise<string> {
    await this.action("core:show-export-dialog");
    await this.page.locator("#red-ui-clipboard-dialog-export-rng-full").click();
    await this.page.locator("#red-ui-clipboard-dialog-export-tab-clipboard-tabs").getByText("JSON").click();
    const text = await this.page.locator("#red-ui-clipboard-dialog-export-text").inputValue();
    await this.page.locator(".ui-dialog:visible").getByRole("button", { name: "Cancel" }).click();
    return text;
  }
}

async function middleOf(locator: Locator): Promise<{ x: number; y: number }> {
  const box = await locator.boundingBox();
  assert.ok(box, "it should be on the page");
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
