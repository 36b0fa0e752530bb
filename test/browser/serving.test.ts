import assert from "node:assert/strict";
import { createFlowNode } from "../support/flows/nodes.js";
import { saveScreenshot } from "../support/runtime/browser.js";
import type { Editor } from "./editor.js";
import { PACKAGE, world } from "./world.js";

const ASKED = JSON.stringify({ model: "cheap", messages: [{ role: "user", content: "Count to 3." }] });

describe("chat-endpoint, chat-in and chat-out in the editor", () => {
  it("are in the palette with their icons and labelled ports", async () => {
    const editor = await world.openEditor();
    for (const [type, labels] of [
      ["chat-in", ["a client's request"]],
      ["chat-out", ["msg.cancel"]],
    ] as const) {
      assert.ok((await editor.readIconStyle(type)).includes(`icons/${PACKAGE}/${type}.svg`));
      const node = await editor.drag(type, 400, type === "chat-in" ? 160 : 240);
      const ports = editor.locateNode(node).locator(".red-ui-flow-port-output");
      for (const [at, label] of labels.entries()) await editor.readTooltip(ports.nth(at), new RegExp(label));
    }
    await editor.movePointerAway();
    await saveScreenshot(editor.page, "serving-palette");
  });

  it("become a model with a key that the dialog makes, and is shown only until it is stored", async () => {
    const editor = await world.openEditor([
      { id: "tab", type: "tab", label: "Flow 1" },
      { id: "provider", type: "chat-provider", name: "Demo", provider: "demo" },
      createFlowNode("chat-stream", "ask", [], { provider: "provider", model: "demo", x: 500, y: 160 }),
    ]);
    const chatIn = await editor.drag("chat-in", 300, 160);
    const chatOut = await editor.drag("chat-out", 700, 160);
    await editor.drawWire(chatIn, "ask");
    await editor.drawWire("ask", chatOut);
    await editor.openDialog(chatIn);
    await editor.openConfigDialog("endpoint", "add");
    await editor.fillField("node-config-input-path", "/browser");
    await editor
      .getField("chat-endpoint-address")
      .filter({ hasText: `${world.url}/browser/v1` })
      .waitFor();
    const key = await addKey(editor, "Ada Lovelace");
    await saveScreenshot(editor.page, "chat-endpoint-dialog");
    const ollama = editor.page.locator("#chat-endpoint-forms input[value=ollama]");
    assert.equal(await ollama.isChecked(), true);
    await ollama.uncheck();
    assert.match(key, /^sk-[\w-]{32}$/);
    await editor.confirmConfigDialog();
    await fillModels(editor, [
      ["house", ""],
      ["cheap", "demo"],
    ]);
    await saveScreenshot(editor.page, "chat-in-dialog");
    await editor.confirmDialog();
    await editor.deploy();

    assert.equal((await fetch(`${world.url}/browser/api/version`)).status, 404);
    const ask = (authorization: string) =>
      fetch(`${world.url}/browser/v1/chat/completions`, {
        method: "POST",
        headers: { authorization },
        body: ASKED,
      });
    assert.equal((await ask("Bearer wrong")).status, 401);
    const answer = (await (await ask(`Bearer ${key}`)).json()) as {
      choices: { message: { content: string } }[];
    };
    assert.equal(answer.choices[0]?.message.content, "1, 2, 3.");
    assert.ok(!(await world.fetchFlows()).includes(key));
    assert.ok(!(await editor.readExport()).includes(key));

    await editor.openDialog(chatIn);
    assert.deepEqual(await readModels(editor), ["house", "", "cheap", "demo"]);
    await editor.openConfigDialog("endpoint", "edit");
    await editor
      .getField("chat-endpoint-stored-text")
      .filter({ hasText: /cannot be shown/ })
      .waitFor();
    assert.equal(await editor.page.locator("#chat-endpoint-key-list input").count(), 0);
    await editor.confirmConfigDialog();
    await editor.confirmDialog();
    // Nothing was typed, so the stored key stays.
    assert.equal((await ask(`Bearer ${key}`)).status, 200);
  });

  it("marks an endpoint that nobody may ask, and names that are there twice", async () => {
    const editor = await world.openEditor();
    const chatIn = await editor.drag("chat-in", 300, 160);
    await editor.openDialog(chatIn);
    await editor.openConfigDialog("endpoint", "add");
    await editor.getInvalidField("node-config-input-open").waitFor({ state: "attached" });
    await editor.getField("node-config-input-open").check();
    await editor.getInvalidField("node-config-input-open").waitFor({ state: "detached" });
    await editor.fillField("node-config-input-path", "/a b");
    await editor.getInvalidField("node-config-input-path").waitFor();
    await editor.fillField("node-config-input-path", "/ok");
    await editor.confirmConfigDialog();
    await fillModels(editor, [
      ["house", ""],
      ["house", "demo"],
    ]);
    await editor.page.locator("#chat-in-model-list input.input-error").nth(1).waitFor();
    await editor.confirmDialog();
    assert.match((await editor.getProblems(chatIn))!.join(), /house appears twice/);
  });
});

/** Adds a key to the list. @returns the key that the dialog has made */
async function addKey(editor: Editor, name: string): Promise<string> {
  const list = editor.page.locator(".red-ui-editableList", {
    has: editor.getField("chat-endpoint-key-list"),
  });
  await list.locator(".red-ui-editableList-addButton").click();
  const inputs = editor.page.locator("#chat-endpoint-key-list input");
  await inputs.first().fill(name);
  await inputs.first().press("Tab");
  return inputs.nth(1).inputValue();
}

/** Replaces the names in the dialog of a chat-in. */
async function fillModels(editor: Editor, models: readonly (readonly [string, string])[]): Promise<void> {
  const list = editor.page.locator(".red-ui-editableList", { has: editor.getField("chat-in-model-list") });
  const inputs = editor.page.locator("#chat-in-model-list input");
  for (const [at, [name, model]] of models.entries()) {
    if ((await inputs.count()) < 2 * at + 2) await list.locator(".red-ui-editableList-addButton").click();
    await inputs.nth(2 * at).fill(name);
    await inputs.nth(2 * at + 1).fill(model);
    await inputs.nth(2 * at + 1).press("End");
  }
}

async function readModels(editor: Editor): Promise<string[]> {
  const inputs = editor.page.locator("#chat-in-model-list input");
  await inputs.first().waitFor();
  const values: string[] = [];
  for (let at = 0; at < (await inputs.count()); at++) values.push(await inputs.nth(at).inputValue());
  return values;
}
