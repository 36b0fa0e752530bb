import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { EditorPage } from "../support/runtime/editor-page.js";

/** One message in the debug sidebar. */
export interface DebugMessage {
  /** The debug node's name or id. */
  from: string;
  /** As the sidebar writes it, a string in quotes. */
  value: string;
}

/** The editor with its dialogs, its debug sidebar and its menu. */
export class Editor extends EditorPage {
  // ---- Dialogs

  /** Opens a node's dialog. */
  async openDialog(id: string): Promise<void> {
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
    await this.waitForTray("#node-dialog-ok");
  }

  /** The tray slides in; until it stands, a click may miss. */
  private async waitForTray(button: string): Promise<void> {
    await this.page.locator(button).waitFor();
    await this.page.locator(button).click({ trial: true });
  }

  async confirmDialog(): Promise<void> {
    await this.page.locator("#node-dialog-ok").click();
    await this.page.locator("#node-dialog-ok").waitFor({ state: "detached" });
  }

  async cancelDialog(): Promise<void> {
    await this.page.locator("#node-dialog-cancel").click();
    await this.page.locator("#node-dialog-cancel").waitFor({ state: "detached" });
  }

  /** From a node's dialog to the dialog of the config node that it uses, or of a new one. */
  async openConfigDialog(property: string, which: "add" | "edit"): Promise<void> {
    await this.page.locator(`#node-input-btn-${property}-${which}`).click();
    await this.waitForTray("#node-config-dialog-ok");
  }

  /** Takes over what stands in a config node's dialog and goes back. */
  async confirmConfigDialog(): Promise<void> {
    await this.page.locator("#node-config-dialog-ok").click();
    await this.page.locator("#node-config-dialog-ok").waitFor({ state: "detached" });
  }

  getField(id: string): Locator {
    return this.page.locator(`#${id}`);
  }

  /** Types a value into a field of a dialog. */
  async fillField(id: string, text: string): Promise<void> {
    const field = this.getField(id);
    await field.fill(text);
    // The editor judges a field when a key goes up.
    await field.press("End");
  }

  /** A field that is marked as wrong. */
  getInvalidField(id: string): Locator {
    return this.page.locator(`#${id}.input-error`);
  }

  /** Brings a page of our own dialogs to the front. */
  async openTab(label: string): Promise<void> {
    await this.page.locator(".chat-form .red-ui-tab").getByText(label, { exact: true }).click();
  }

  /** Sets a typed input by the name of its type and its text. */
  async setTypedInput(input: Locator, type: string, text: string): Promise<void> {
    const container = input.locator("xpath=following-sibling::div[1]");
    await container.locator(".red-ui-typedInput-type-select").click();
    await this.page.locator(".red-ui-typedInput-options:visible").getByText(type, { exact: true }).click();
    await container.locator("input.red-ui-typedInput-input").fill(text);
  }

  // ---- Deploying and running

  async deploy(): Promise<void> {
    await this.page.locator("#red-ui-header-button-deploy:not(.disabled)").click();
    await this.clean();
    await this.page.locator("#red-ui-editor-shade").waitFor({ state: "hidden" });
  }

  /** Presses the button of an inject node. */
  async pressInject(inject: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      const asked = this.page
        .waitForRequest((request) => request.url().endsWith(`/inject/${inject}`), { timeout: 2_000 })
        .catch(() => undefined);
      await this.click(this.node(inject).locator(".red-ui-flow-node-button-button"));
      if ((await (await asked)?.response())?.ok()) return;
      // Right after a deploy the canvas is shaded for a moment, and the flow may not have started.
      assert.ok(tries < 10, "the inject node should react");
    }
  }

  async readDebugMessages(): Promise<DebugMessage[]> {
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

  /** Switches between the editor's own themes, as its settings do. */
  async switchTheme(theme: "light" | "dark"): Promise<void> {
    await this.page.evaluate(
      `document.documentElement.classList.toggle("nr-theme-dark", ${JSON.stringify(theme === "dark")})`,
    );
  }

  /** Sends a tarball through the upload of the palette manager. */
  async uploadTarball(path: string): Promise<void> {
    await this.action("core:manage-palette");
    await this.page.locator("#red-ui-settings-tab-palette .red-ui-tab").getByText("Install").click();
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

  /** Import > Examples, by the names in the dialog. Each of ours brings a tab. */
  async importExample(module: string, name: string): Promise<void> {
    await this.action("core:show-examples-import-dialog");
    const entries = this.page.locator(".red-ui-clipboard-dialog-tab-library:visible .red-ui-treeList-label");
    const example = entries.getByText(name, { exact: true });
    const folder = entries.getByText(module, { exact: true });
    await folder.waitFor();
    if (!(await example.isVisible())) await folder.dblclick();
    const ok = this.page.locator("#red-ui-clipboard-dialog-ok");
    // While the list still slides open, a click chooses nothing.
    for (let times = 0; times < 20 && !(await ok.isEnabled()); times++) {
      await example.click();
      await this.page.waitForTimeout(50);
    }
    const tabs = this.page.locator("#red-ui-workspace-tabs > li");
    const before = await tabs.count();
    await ok.click();
    await tabs.nth(before).waitFor({ state: "attached" });
  }

  /** Everything that Export would write into a file. */
  async readExport(): Promise<string> {
    await this.action("core:show-export-dialog");
    await this.page.locator("#red-ui-clipboard-dialog-export-rng-full").click();
    await this.page.locator("#red-ui-clipboard-dialog-export-tab-clipboard-tabs").getByText("JSON").click();
    const text = await this.page.locator("#red-ui-clipboard-dialog-export-text").inputValue();
    await this.page.locator(".ui-dialog:visible").getByRole("button", { name: "Cancel" }).click();
    return text;
  }
}
