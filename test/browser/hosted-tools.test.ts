import assert from "node:assert/strict";
import { saveScreenshot } from "../support/runtime/browser.js";
import type { Editor } from "./editor.js";
import { createChatFlow } from "./flows.js";
import { world } from "./world.js";

const OPENAI = { provider: "openai", credentials: { apiKey: "sk-test-1234567890" } };

/** Reads the names of the tools that the dialog shows. */
async function readShown(editor: Editor): Promise<string[]> {
  const names = await editor.page.locator("#chat-stream-hosted label:visible").allInnerTexts();
  return names.map((name) => name.trim());
}

describe("The service's own tools in the editor", function () {
  this.timeout(90_000);

  it("are offered by the provider's service and form, ticked and stored", async () => {
    const editor = await world.openEditor(createChatFlow({ ...OPENAI, api: "" }));
    await editor.openDialog("stream");
    await editor.openTab("Parameters");
    const row = editor.getField("chat-stream-hosted-row");
    await row.waitFor();
    assert.deepEqual(await readShown(editor), [
      "Search the web",
      "Run code",
      "Search files",
      "Generate images",
    ]);
    const stores = editor.getField("chat-stream-stores-row");
    assert.ok(!(await stores.isVisible()));
    await row.getByText("Search the web").click();
    await row.getByText("Search files").click();
    await stores.waitFor();
    await editor.getInvalidField("node-input-vectorStores").waitFor();
    await editor.fillField("node-input-vectorStores", "vs_1, vs_2");
    await editor.getInvalidField("node-input-vectorStores").waitFor({ state: "detached" });
    await saveScreenshot(editor.page, "chat-stream-hosted-tools");
    await editor.switchTheme("dark");
    await saveScreenshot(editor.page, "chat-stream-hosted-tools-dark");
    await editor.confirmDialog();
    await editor.deploy();
    const [stream] = JSON.parse(await world.fetchFlows()).filter(({ id }: { id: string }) => id === "stream");
    assert.deepEqual(
      [stream.hostedTools, stream.vectorStores],
      [["web_search", "file_search"], "vs_1, vs_2"],
    );
  });

  it("that the service has in the other form only are explained, and stored ones can be cleared", async () => {
    const flow = createChatFlow({ ...OPENAI, api: "chat" }).map((node) =>
      (node as { id: string }).id === "stream" ? { ...node, hostedTools: ["web_search"] } : node,
    );
    const editor = await world.openEditor(flow);
    await editor.openDialog("stream");
    await editor.openTab("Parameters");
    const hint = editor.page.locator("#chat-stream-hosted-hint.chat-wrong", {
      hasText: "only with Responses",
    });
    await hint.waitFor();
    assert.deepEqual(await readShown(editor), ["Search the web"]);
    await saveScreenshot(editor.page, "chat-stream-hosted-tools-wrong");
    await editor.getField("chat-stream-hosted-row").getByText("Search the web").click();
    await hint.waitFor({ state: "detached" });
    await editor.confirmDialog();
    await editor.deploy();
    const [stream] = JSON.parse(await world.fetchFlows()).filter(({ id }: { id: string }) => id === "stream");
    assert.deepEqual(stream.hostedTools, []);
  });

  it("are not shown for a service without any", async () => {
    const editor = await world.openEditor(createChatFlow({ provider: "demo" }));
    await editor.openDialog("stream");
    await editor.openTab("Parameters");
    await editor.getField("node-input-options").waitFor({ state: "attached" });
    assert.ok(!(await editor.getField("chat-stream-hosted-row").isVisible()));
    await editor.cancelDialog();
  });
});
