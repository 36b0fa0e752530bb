import assert from "node:assert/strict";
import type { Editor } from "./editor.js";
import { createProviderFlow } from "./flows.js";
import { world } from "./world.js";

describe("The dialogs", function () {
  this.timeout(60_000);
  let editor: Editor;

  before(async () => {
    editor = await world.openSharedEditor([
      ...createProviderFlow({
        demo: { provider: "demo" },
        first: { provider: "custom", baseUrl: "http://127.0.0.1:9000/v1" },
        second: { provider: "custom", baseUrl: "http://127.0.0.1:9000/v1" },
        third: { provider: "custom", baseUrl: "http://10.0.0.7:9000/v1" },
      }),
      { id: "tools", type: "tool-call-router", z: "tab", x: 500, y: 400, wires: [[], []], tools: [] },
    ]);
  });
  after(() => editor.page.close());

  it("switch their tabs by keyboard", async () => {
    const readShown = () =>
      editor.page
        .locator("#chat-stream-pages > div:visible")
        .evaluateAll((pages) => pages.map(({ id }) => id));
    await editor.openDialog("stream-demo");
    assert.deepEqual(await readShown(), ["chat-stream-ask"]);
    await editor.page.locator("#chat-stream-tabs a.red-ui-tab-label").first().focus();
    for (const [key, page] of [
      ["ArrowRight", "chat-stream-parameters"],
      ["ArrowLeft", "chat-stream-ask"],
      ["ArrowLeft", "chat-stream-delivery"],
      ["ArrowRight", "chat-stream-ask"],
    ] as const) {
      await editor.page.keyboard.press(key);
      await editor.page.locator(`#${page}`).waitFor();
      assert.deepEqual(await readShown(), [page]);
    }
    // The link is the one that the Tab key reaches, whichever tab is in front.
    await editor.page.locator("#chat-stream-tabs a.red-ui-tab-label").nth(2).focus();
    await editor.page.keyboard.press("Enter");
    await editor.page.locator("#chat-stream-format").waitFor();
    await editor.cancelDialog();
  });

  it("offer the efforts of reasoning to a click", async () => {
    await editor.openDialog("stream-demo");
    await editor.openTab("Parameters");
    await editor.getField("node-input-reasoningEffort").click();
    const offered = editor.page.locator(".red-ui-autoComplete-container:visible");
    await offered.getByText("medium", { exact: true }).click();
    assert.equal(await editor.getField("node-input-reasoningEffort").inputValue(), "medium");
    await editor.cancelDialog();
  });

  it("tell providers of one service apart in the list", async () => {
    await editor.openDialog("stream-demo");
    const labels = await editor.getField("node-input-provider").locator("option").allTextContents();
    const customs = labels
      .filter((label) => label.startsWith("Custom"))
      .map((label) => label.replace(/^.*?\) \(/, "("));
    assert.deepEqual(customs.sort(), ["(10.0.0.7:9000)", "(127.0.0.1:9000)", "(127.0.0.1:9000) 2"]);
    await editor.cancelDialog();
  });

  it("show services where they belong, and what the address of Azure looks like", async () => {
    await editor.openDialog("stream-demo");
    await editor.openConfigDialog("provider", "edit");
    const select = editor.getField("node-config-input-provider");
    const groups = await select
      .locator("optgroup")
      .evaluateAll((found) =>
        found.map((group) => [...group.querySelectorAll("option")].map(({ value }) => value)),
      );
    const [, services, local, others] = groups;
    assert.ok(services!.includes("azure-openai") && services!.includes("openai"));
    assert.ok(local!.includes("ollama"));
    assert.deepEqual(new Set(others), new Set(["custom", "choreoai", "saas-llm", "remote"]));
    await select.selectOption("azure-openai");
    const address = editor.getField("node-config-input-baseUrl");
    assert.equal(await address.getAttribute("placeholder"), "https://NAME.openai.azure.com");
    // A key that is missing is the mistake of its own field.
    await editor.getInvalidField("node-config-input-apiKey").waitFor();
    await editor.page.locator("#node-config-input-provider:not(.input-error)").waitFor();
    assert.ok((await editor.page.locator("#chat-provider-few-settings label i.fa").count()) > 0);
    await editor.cancelConfigDialog();
    await editor.cancelDialog();
  });

  it("notice what is filled in without a key, as by a password manager", async () => {
    await editor.openDialog("stream-first");
    await editor.openConfigDialog("provider", "edit");
    const row = editor.page.locator("#chat-provider-insecure-row");
    assert.equal(await row.isVisible(), false);
    await editor.page.evaluate(
      `const field = document.getElementById("node-config-input-baseUrl");
      field.value = "http://10.0.0.1/v1";
      field.dispatchEvent(new Event("input", { bubbles: true }));`,
    );
    await row.waitFor();
    await editor.cancelConfigDialog();
    await editor.cancelDialog();
  });
});
