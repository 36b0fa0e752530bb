import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { EditorPage } from "../support/runtime/editor-page.js";
import { deployAndWait } from "../support/runtime/started-flows.js";

/** A message in the debug sidebar. */
export interface DebugMessage {
  /** The name of the debug node, or its id if it has no name. */
  from: string;
  /** The value as the sidebar shows it; strings have quotes. */
  value: string;
}

/** The editor with its dialogs, its debug sidebar and its menus. */
export class Editor extends EditorPage {
  // ---- Dialogs

  /** Opens the dialog of a node. */
  async openDialog(id: string): Promise<void> {
    const doneButton = this.page.locator("#node-dialog-ok");
    for (let tries = 1; ; tries++) {
      await this.click(this.locateNode(id).locator("rect.red-ui-flow-node"), 2);
      // On a busy machine, the second click may be too late for a double click.
      const isOpen = await doneButton.waitFor({ timeout: 2_000 }).then(
        () => true,
        () => false,
      );
      if (isOpen) break;
      assert.ok(tries < 5, "a double click should open the dialog");
    }
    await this.waitForTray("#node-dialog-ok");
  }

  /** Waits until the tray of a dialog has slid in. Before that, a click may miss its target. */
  private async waitForTray(button: string): Promise<void> {
    await this.page.locator(button).waitFor();
    await this.page.locator(button).click({ trial: true });
  }

  /** Presses Done in the dialog of a node. */
  async confirmDialog(): Promise<void> {
    await this.page.locator("#node-dialog-ok").click();
    await this.page.locator("#node-dialog-ok").waitFor({ state: "detached" });
  }

  /** Presses Cancel in the dialog of a node. */
  async cancelDialog(): Promise<void> {
    await this.page.locator("#node-dialog-cancel").click();
    await this.page.locator("#node-dialog-cancel").waitFor({ state: "detached" });
  }

  /** Opens the dialog of a config node from the dialog of the node that uses it: of a new one, or of the selected one. */
  async openConfigDialog(property: string, which: "add" | "edit"): Promise<void> {
    await this.page.locator(`#node-input-btn-${property}-${which}`).click();
    await this.waitForTray("#node-config-dialog-ok");
  }

  /** Presses Done in the dialog of a config node, which leads back to the node that uses it. */
  async confirmConfigDialog(): Promise<void> {
    await this.page.locator("#node-config-dialog-ok").click();
    await this.page.locator("#node-config-dialog-ok").waitFor({ state: "detached" });
  }

  /** Presses Cancel in the dialog of a config node. */
  async cancelConfigDialog(): Promise<void> {
    await this.page.locator("#node-config-dialog-cancel").click();
    await this.page.locator("#node-config-dialog-cancel").waitFor({ state: "detached" });
  }

  getField(id: string): Locator {
    return this.page.locator(`#${id}`);
  }

  /** Types a value into a field of a dialog. */
  async fillField(id: string, text: string): Promise<void> {
    const field = this.getField(id);
    await field.fill(text);
    // The editor validates a field on keyup.
    await field.press("End");
  }

  /** @returns a field if it is marked as invalid */
  getInvalidField(id: string): Locator {
    return this.page.locator(`#${id}.input-error`);
  }

  /** Opens a tab of a dialog of this package. */
  async openTab(label: string): Promise<void> {
    await this.page.locator(".chat-form .red-ui-tab").getByText(label, { exact: true }).click();
  }

  /** Sets the type of a typed input, by its label, and its text. */
  async setTypedInput(input: Locator, type: string, text: string): Promise<void> {
    const container = input.locator("xpath=following-sibling::div[1]");
    await container.locator(".red-ui-typedInput-type-select").click();
    await this.page.locator(".red-ui-typedInput-options:visible").getByText(type, { exact: true }).click();
    await container.locator("input.red-ui-typedInput-input").fill(text);
  }

  // ---- The palette

  /** @returns the style of a node type's icon in the palette, which holds the address of the picture */
  async readIconStyle(type: string): Promise<string> {
    const icon = this.locatePaletteNode(type).locator(".red-ui-palette-icon");
    return (await icon.getAttribute("style")) ?? "";
  }

  // ---- Deploying and running

  async deploy(): Promise<void> {
    await deployAndWait(this.url, () =>
      this.page.locator("#red-ui-header-button-deploy:not(.disabled)").click(),
    );
    await this.waitUntilDeployed();
    await this.page.locator("#red-ui-editor-shade").waitFor({ state: "hidden" });
  }

  /** Presses the button of an inject node. */
  async pressInject(inject: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      const request = this.page
        .waitForRequest((request) => request.url().endsWith(`/inject/${inject}`), { timeout: 2_000 })
        .catch(() => undefined);
      await this.click(this.locateNode(inject).locator(".red-ui-flow-node-button-button"));
      if ((await (await request)?.response())?.ok()) return;
      // Right after a deploy, a shade covers the canvas for a moment, and the flow may not have started.
      assert.ok(tries < 10, "the inject node should react");
    }
  }

  async readDebugMessages(): Promise<DebugMessage[]> {
    const entries = await this.page
      .locator(".red-ui-debug-msg")
      .evaluateAll((messages) =>
        (messages as unknown as { querySelector(selector: string): { textContent: string } | null }[]).map(
          (message) => [
            message.querySelector(".red-ui-debug-msg-name")?.textContent ?? "",
            message.querySelector(".red-ui-debug-msg-payload")?.textContent ?? "",
          ],
        ),
      );
    return entries.map(([name, value]) => ({ from: name!.replace(/^node: /, ""), value: value! }));
  }

  /** Waits until a debug node has shown a matching value. @returns the first one */
  async waitForDebug(from: string, value: RegExp): Promise<string> {
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

  // ---- Actions of the menu

  /** Switches the theme of the editor, as its settings do. */
  async switchTheme(theme: "light" | "dark"): Promise<void> {
    await this.page.evaluate(
      `document.documentElement.classList.toggle("nr-theme-dark", ${JSON.stringify(theme === "dark")})`,
    );
  }

  /** Uploads a tarball in the palette manager. */
  async uploadTarball(path: string): Promise<void> {
    await this.invokeAction("core:manage-palette");
    await this.page.locator("#red-ui-settings-tab-palette .red-ui-tab").getByText("Install").click();
    await this.page.locator(".red-ui-palette-editor-upload-button input[type=file]").setInputFiles(path);
    await this.page.locator(".red-ui-palette-editor-upload-buttons .primary").click();
  }

  async closeSettings(): Promise<void> {
    await this.page.locator("#node-dialog-ok").click();
    await this.page.locator("#node-dialog-ok").waitFor({ state: "detached" });
  }

  /** Opens the help of a node type from the table of contents. */
  async showHelp(label: string): Promise<void> {
    await this.page.locator(".red-ui-sidebar-help-toc").getByText(label, { exact: true }).click();
    await this.page.locator(".red-ui-help-title").getByText(label, { exact: true }).waitFor();
  }

  /**
   * Imports an example in the dialog Import > Examples, and waits for its tab.
   * @param path its folder and its name in the menu
   */
  async importExample(module: string, path: string): Promise<void> {
    await this.invokeAction("core:show-examples-import-dialog");
    const entries = this.page.locator(".red-ui-clipboard-dialog-tab-library:visible .red-ui-treeList-label");
    const [name, ...folders] = [module, ...path.split("/")].reverse();
    const example = entries.getByText(name!, { exact: true });
    for (const [at, folder] of folders.reverse().entries()) {
      const label = entries.getByText(folder, { exact: true });
      await label.waitFor();
      // A double click closes a folder that is open, also while its list still slides open.
      const isOpen = await label.evaluate((element) =>
        element.closest(".red-ui-treeList-label")!.parentElement!.classList.contains("expanded"),
      );
      if (!isOpen) await label.dblclick();
      await entries.getByText([...folders, name!][at + 1]!, { exact: true }).waitFor();
    }
    const ok = this.page.locator("#red-ui-clipboard-dialog-ok");
    // While the list slides open, a click selects nothing.
    for (let times = 0; times < 100 && !(await ok.isEnabled()); times++) {
      await example.click();
      await this.page.waitForTimeout(50);
    }
    const tabs = this.page.locator("#red-ui-workspace-tabs > li");
    const before = await tabs.count();
    await ok.click();
    await tabs.nth(before).waitFor({ state: "attached" });
  }

  /** @returns the JSON that Export offers for all flows */
  async readExport(): Promise<string> {
    await this.invokeAction("core:show-export-dialog");
    await this.page.locator("#red-ui-clipboard-dialog-export-rng-full").click();
    await this.page.locator("#red-ui-clipboard-dialog-export-tab-clipboard-tabs").getByText("JSON").click();
    const text = await this.page.locator("#red-ui-clipboard-dialog-export-text").inputValue();
    await this.page.locator(".ui-dialog:visible").getByRole("button", { name: "Cancel" }).click();
    return text;
  }
}
