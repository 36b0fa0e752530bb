import assert from "node:assert/strict";
import type { Editor } from "./editor.js";
import { createProviderFlow } from "./flows.js";
import { world } from "./world.js";

const TOOL = { description: "", parameters: "{}", strict: false, link: "" };

/** Nodes whose dialogs have lists: empty ones, and filled ones. */
const LISTS = [
  { id: "endpoint", type: "chat-endpoint", open: true },
  { id: "web-server", type: "mcp-server", url: "http://127.0.0.1:9000/mcp" },
  {
    id: "command-server",
    type: "mcp-server",
    transport: "stdio",
    command: "tools",
    env: '{"A":"1","B":"2"}',
  },
  { id: "other-server", type: "mcp-server", transport: "stdio", command: "tools" },
  { id: "headers", type: "chat-provider", provider: "demo", headers: '{"X-One":"1","X-Two":"2"}' },
  createListNode("empty-in", "chat-in", 100, { endpoint: "endpoint", models: [] }),
  createListNode("filled-in", "chat-in", 160, {
    endpoint: "endpoint",
    models: [{ name: "a" }, { name: "b" }],
  }),
  createListNode("with-headers", "chat-stream", 220, { provider: "headers" }),
  createListNode("filled-tools", "tool-call-router", 280, {
    tools: ["get_weather", "get_time"].map((name) => ({ ...TOOL, name })),
    mcp: ["web-server", "command-server", "other-server"].map((server) => ({
      server,
      tools: "*",
      prefix: "",
    })),
    servers: ["web-server", "command-server", "other-server"],
    outputs: 4,
  }),
];

function createListNode(id: string, type: string, y: number, properties: object): object {
  return { id, type, z: "tab", x: 760, y, wires: [[], [], [], []], ...properties };
}

describe("The dialogs", () => {
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
      ...LISTS,
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

  /** Reads what a list shows while it has no rows, and checks that its rows are one below the other. */
  async function readList(id: string): Promise<{ rows: number; note: string }> {
    const list = editor.page.locator(`#${id}`);
    const boxes = await Promise.all((await list.locator("> li").all()).map((row) => row.boundingBox()));
    for (const [at, box] of boxes.entries()) {
      assert.ok(box && box.height > 30, `row ${at} of ${id} should be high enough for its fields`);
      const above = boxes[at - 1];
      if (above)
        assert.ok(box.y >= above.y + above.height - 1, `row ${at} of ${id} should be below the other`);
    }
    const frame = list.locator("xpath=..");
    const end = (await frame.boundingBox())!;
    const last = boxes.at(-1);
    if (last)
      assert.ok(end.y + end.height >= last.y + last.height - 1, `the frame of ${id} should hold its rows`);
    const notes = await frame.locator("> .chat-empty:visible").allTextContents();
    return { rows: boxes.length, note: notes.join() };
  }

  /** Adds a row to an empty list and removes it. */
  async function addAndRemove(id: string, note: string): Promise<void> {
    assert.deepEqual(await readList(id), { rows: 0, note });
    const widget = editor.page.locator(".red-ui-editableList", { has: editor.page.locator(`#${id}`) });
    await widget.locator("> .red-ui-editableList-addButton").click();
    assert.deepEqual(await readList(id), { rows: 1, note: "" });
    await editor.page.locator(`#${id} .red-ui-editableList-item-remove`).click();
    await widget.locator(".chat-empty").waitFor();
    assert.deepEqual(await readList(id), { rows: 0, note });
  }

  it("say that a list is empty until it has a row", async () => {
    await editor.openDialog("tools");
    await addAndRemove("tool-call-router-list", "No tools yet.");
    await addAndRemove("tool-call-router-mcp-list", "No MCP servers yet.");
    await editor.cancelDialog();
    await editor.openDialog("empty-in");
    await addAndRemove("chat-in-model-list", "No names yet.");
    await editor.openConfigDialog("endpoint", "edit");
    await addAndRemove("chat-endpoint-key-list", "No keys yet.");
    await editor.cancelConfigDialog();
    await editor.cancelDialog();
    await editor.openDialog("stream-first");
    await editor.openConfigDialog("provider", "edit");
    await editor.openTab("Headers");
    await addAndRemove("chat-provider-list", "No headers yet.");
    await editor.cancelConfigDialog();
    await editor.cancelDialog();
    await editor.openDialog("filled-tools");
    await editor.openConfigDialog("mcp-0", "edit");
    await addAndRemove("mcp-server-headers-list", "No headers yet.");
    await editor.cancelConfigDialog();
    await editor.openConfigDialog("mcp-2", "edit");
    await addAndRemove("mcp-server-env-list", "No variables yet.");
    await editor.cancelConfigDialog();
    await editor.cancelDialog();
  });

  it("show the rows of a list that is filled, and no text in their place", async () => {
    const filled = { rows: 2, note: "" };
    await editor.openDialog("filled-tools");
    assert.deepEqual(await readList("tool-call-router-list"), filled);
    assert.deepEqual(await readList("tool-call-router-mcp-list"), { rows: 3, note: "" });
    await editor.openConfigDialog("mcp-1", "edit");
    assert.deepEqual(await readList("mcp-server-env-list"), filled);
    await editor.cancelConfigDialog();
    await editor.cancelDialog();
    await editor.openDialog("filled-in");
    assert.deepEqual(await readList("chat-in-model-list"), filled);
    await editor.cancelDialog();
    await editor.openDialog("with-headers");
    await editor.openConfigDialog("provider", "edit");
    await editor.openTab("Headers");
    assert.deepEqual(await readList("chat-provider-list"), filled);
    await editor.cancelConfigDialog();
    await editor.cancelDialog();
  });

  it("keep the button of a list away from the text below it", async () => {
    await editor.openDialog("tools");
    const button = editor.page.locator("#tool-call-router-tools .red-ui-editableList-addButton");
    const below = ["#tool-call-router-tools .chat-lead >> nth=1", "#node-input-otherTools"];
    for (const [at, text] of below.entries()) {
      const [upper, lower] = await Promise.all(
        [button.nth(at), editor.page.locator(text)].map((e) => e.boundingBox()),
      );
      assert.ok(lower!.y - upper!.y - upper!.height >= 8, `${lower!.y - upper!.y - upper!.height} px`);
    }
    await editor.cancelDialog();
  });
});
