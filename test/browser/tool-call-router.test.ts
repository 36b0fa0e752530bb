import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
import { saveScreenshot } from "../support/runtime/browser.js";
import type { Editor } from "./editor.js";
import { createDebug, createInject, TAB } from "./flows.js";
import { PACKAGE, world } from "./world.js";

/** Creates a tool as somebody may write it into a flow file, with an object as its schema. */
const createTool = (name: string) => ({
  name,
  description: `Says ${name}.\nIn two lines.`,
  parameters: { type: "object", properties: { city: { type: "string" } } },
});

/** Creates a router with tools, each wired to a function node of its name, and an output for other tools. */
function createRouterFlow(names: readonly string[]): object[] {
  const targets = [...names, "others"];
  return [
    TAB,
    {
      id: "router",
      type: "tool-call-router",
      z: "tab",
      tools: names.map((name) => createTool(name)),
      otherTools: true,
      outputs: 3 + names.length,
      x: 300,
      y: 200,
      wires: [["stream"], [], ...targets.map((name) => [name])],
    },
    ...["stream", ...targets].map((name, at) => createFunctionNode(name, 100 + 60 * at)),
  ];
}

function createFunctionNode(name: string, y: number, func = "return msg;"): object {
  return { id: name, type: "function", z: "tab", name, func, outputs: 1, x: 620, y, wires: [[]] };
}

/** Reads where the wires of a router lead: "output target", with outputs counted from 1. */
function readWires(editor: Editor, id = "router"): Promise<string[]> {
  return editor.page.evaluate(
    `RED.nodes.filterLinks({ source: { id: ${JSON.stringify(id)} } })
      .map(({ sourcePort, target }) => \`\${Number(sourcePort) + 1} \${target.id}\`).sort()`,
  );
}

function getRows(editor: Editor): Locator {
  return editor.page.locator(".chat-tool");
}

const getNameField = (row: Locator) => row.getByRole("textbox", { name: /^name/ });
const getDescriptionField = (row: Locator) => row.getByRole("textbox", { name: /^what it does/ });

/** Adds a tool. @returns its row */
async function addTool(editor: Editor, name: string): Promise<Locator> {
  const count = await getRows(editor).count();
  await editor.page.locator("#tool-call-router-tools .red-ui-editableList-addButton").first().click();
  const row = getRows(editor).nth(count);
  await getNameField(row).fill(name);
  return row;
}

/** Drags a row by its handle to the position of another. */
async function dragRow(editor: Editor, from: number, to: number): Promise<void> {
  const measureHandle = (at: number) =>
    editor.page.locator("#tool-call-router-list .red-ui-editableList-item-handle").nth(at).boundingBox();
  const [start, end] = [(await measureHandle(from))!, (await measureHandle(to))!];
  const { mouse } = editor.page;
  await mouse.move(start.x + 4, start.y + 6);
  await mouse.down();
  await mouse.move(end.x + 4, end.y + (from > to ? -20 : 30), { steps: 12 });
  await mouse.up();
}

async function readNames(editor: Editor): Promise<string[]> {
  const all = await getRows(editor).all();
  return Promise.all(all.map((row) => getNameField(row).inputValue()));
}

/** Replaces the text in the code editor of a row. */
async function writeSchema(editor: Editor, row: Locator, text: string): Promise<void> {
  await row.locator(".monaco-editor .view-lines").click();
  const { keyboard } = editor.page;
  await keyboard.press("ControlOrMeta+a");
  await keyboard.press("Delete");
  await keyboard.insertText(text);
  // Delete the brackets that the editor has closed by itself.
  await keyboard.press("ControlOrMeta+Shift+End");
  await keyboard.press("Delete");
}

describe("tool-call-router in the editor", function () {
  this.timeout(90_000);

  it("runs two tools that were added in the dialog and wired to the labelled outputs", async () => {
    const toolCode = "msg.payload = { found: msg.toolCall.name + ' of ' + msg.payload.city }; return msg;";
    const editor = await world.openEditor([
      TAB,
      { id: "provider", type: "chat-provider", provider: "demo", demoPace: 0 },
      createInject("ask", "What is the weather in Paris, and what time is it in Tokyo?", {
        name: "Ask",
        x: 120,
        y: 200,
      }),
      {
        id: "stream",
        type: "chat-stream",
        z: "tab",
        provider: "provider",
        model: "demo",
        x: 620,
        y: 200,
        wires: [[]],
      },
      createFunctionNode("weather", 280, toolCode),
      createFunctionNode("time", 360, toolCode),
      { id: "collect", type: "collect", z: "tab", x: 620, y: 100, wires: [["answer"], []] },
      createDebug("answer", {
        name: "Answer",
        complete: "$match(payload, /get_[a-z]+ of [A-Za-z]+/).match",
        targetType: "jsonata",
        x: 800,
        y: 100,
      }),
    ]);
    const icon = await editor.readIconStyle("tool-call-router");
    assert.ok(icon.includes(`icons/${PACKAGE}/tool-call-router.svg`), icon);
    const router = await editor.drag("tool-call-router", 350, 220);
    const ports = editor.locateNode(router).locator(".red-ui-flow-port-output");
    assert.equal(await ports.count(), 2);

    await editor.openDialog(router);
    await saveScreenshot(editor.page, "tool-call-router-empty");
    for (const [name, text] of [
      ["get_weather", "The weather in a city"],
      ["get_time", "The local time in a city"],
    ]) {
      await getDescriptionField(await addTool(editor, name!)).fill(text!);
    }
    await getRows(editor).nth(1).locator(".chat-schema").waitFor();
    await saveScreenshot(editor.page, "tool-call-router-tools");
    await editor.confirmDialog();
    assert.equal(await ports.count(), 4);
    for (const [at, label] of [
      /the stream/,
      /the next request: into/,
      /^get_weather$/,
      /^get_time$/,
    ].entries())
      await editor.readTooltip(ports.nth(at), label);

    await editor.drawWire("ask", router);
    await editor.drawWire(router, "collect", 0);
    await editor.drawWire(router, "stream", 1);
    await editor.drawWire(router, "weather", 2);
    await editor.drawWire(router, "time", 3);
    for (const source of ["stream", "weather", "time"]) await editor.drawWire(source, router);
    await editor.movePointerAway();
    await saveScreenshot(editor.page, "tool-call-router-flow");
    await editor.deploy();
    await editor.pressInject("ask");
    await editor.waitForDebug("Answer", /"get_weather of Paris".*"get_time of Tokyo"/);
  });

  it("offers the context stores for runs, and asks for how long only if they are kept", async () => {
    const editor = await world.openEditor(createRouterFlow(["a"]));
    await editor.openDialog("router");
    await editor.page.locator("#tool-call-router-tabs").getByText("Calls").click();
    const store = editor.page.locator("#node-input-keepRuns");
    const hours = editor.page.locator("#node-input-keepFor");
    assert.equal(await hours.isVisible(), false);
    await store.selectOption({ index: 1 });
    assert.equal(await hours.inputValue(), "72");
    await hours.fill("48");
    await hours.scrollIntoViewIfNeeded();
    await saveScreenshot(editor.page, "tool-call-router-keep");
    await editor.confirmDialog();
    await editor.deploy();
    const [router] = JSON.parse(await world.fetchFlows()).filter(({ id }: { id: string }) => id === "router");
    assert.deepEqual([router.keepRuns, router.keepFor], ["memory", "48"]);
  });

  it("keeps the wires of the tools when tools are sorted, renamed or removed, and when that is undone", async () => {
    const editor = await world.openEditor(createRouterFlow(["a", "b", "c"]));
    const before = ["1 stream", "3 a", "4 b", "5 c", "6 others"];
    assert.deepEqual(await readWires(editor), before);
    await editor.openDialog("router");
    await dragRow(editor, 2, 0);
    assert.deepEqual(await readNames(editor), ["c", "a", "b"]);
    await getNameField(getRows(editor).first()).fill("renamed");
    await editor.page.locator("#tool-call-router-list .red-ui-editableList-item-remove").nth(1).click();
    await getRows(editor).nth(2).waitFor({ state: "detached" });
    await addTool(editor, "new");
    await editor.confirmDialog();
    assert.deepEqual(await readWires(editor), ["1 stream", "3 c", "4 b", "6 others"]);
    await editor.readTooltip(editor.locateNode("router").locator(".red-ui-flow-port-output").nth(4), /^new$/);
    await editor.deploy();
    const [router] = JSON.parse(await world.fetchFlows()).filter(({ id }: { id: string }) => id === "router");
    assert.deepEqual(router.wires, [["stream"], [], ["c"], ["b"], [], ["others"]]);
    assert.equal(router.outputs, 6);
    await editor.invokeAction("core:undo");
    assert.deepEqual(await readWires(editor), before);
    await editor.openDialog("router");
    assert.deepEqual(await readNames(editor), ["a", "b", "c"]);
    await editor.getField("node-input-otherTools").uncheck();
    await editor.confirmDialog();
    assert.deepEqual(await readWires(editor), before.slice(0, -1));
  });

  it("changes nothing in a router whose dialog was only looked at, even if its flow leaves properties out", async () => {
    const editor = await world.openEditor(createRouterFlow(["a"]));
    await editor.openDialog("router");
    await getRows(editor).first().getByRole("button", { name: "Arguments" }).click();
    const shown = await editor.page.evaluate(`$(".chat-tool input[type=hidden]").val()`);
    assert.equal(shown, JSON.stringify(createTool("a").parameters, null, 2));
    assert.equal(await getRows(editor).first().locator(".chat-tool-summary").innerText(), "city?: string");
    await editor.confirmDialog();
    const [changed] = await editor.page.evaluate<[object]>(`[RED.nodes.node("router").tools]`);
    assert.deepEqual(changed, [createTool("a")]);
    assert.deepEqual(await readWires(editor), ["1 stream", "3 a", "4 others"]);
  });

  it("marks a wrong name or schema while it is typed, and names it on the node too", async () => {
    const editor = await world.openEditor(createRouterFlow(["same", "other"]));
    await editor.openDialog("router");
    await getNameField(getRows(editor).nth(1)).fill("two words");
    await getNameField(getRows(editor).nth(1)).press("End");
    await getRows(editor).nth(1).locator("input.input-error").waitFor();
    await getNameField(getRows(editor).nth(1)).fill("same");
    await getNameField(getRows(editor).nth(1)).press("End");
    await getRows(editor).nth(0).locator("input.input-error").waitFor();
    const row = await addTool(editor, "last");
    await row.locator(".monaco-editor").waitFor();
    await writeSchema(editor, row, '{"type": "object", "required": ["town"], "properties": {}}');
    await row.locator(".chat-schema-problem").getByText('required: there is no property "town".').waitFor();
    await saveScreenshot(editor.page, "tool-call-router-wrong");
    await editor.getField("red-ui-tab-tool-call-router-run").click();
    await editor.page.locator("#red-ui-tab-tool-call-router-tools.chat-tab-wrong").waitFor();
    await editor.fillField("node-input-maxRounds", "0");
    await editor.getInvalidField("node-input-maxRounds").waitFor();
    await editor.confirmDialog();
    const problems = (await editor.getProblems("router"))!.join("\n");
    for (const pattern of [/^same: .*same name/m, /^last: required:/m, /^Rounds:/m])
      assert.match(problems, pattern);
    assert.equal(await editor.locateErrorMark("router").count(), 1);
    await editor.openDialog("router");
    await getNameField(getRows(editor).nth(1)).fill("other");
    await getRows(editor).nth(2).getByRole("button", { name: "Arguments" }).click();
    await writeSchema(editor, getRows(editor).nth(2), "");
    await editor.getField("red-ui-tab-tool-call-router-run").click();
    await editor.fillField("node-input-maxRounds", "3");
    await editor.confirmDialog();
    assert.equal(await editor.getProblems("router"), undefined);
  });

  it("keeps the required tool when it is renamed, even if its old name was deleted first", async () => {
    const editor = await world.openEditor(createRouterFlow(["a_tool", "b_tool"]));
    const toolChoice = editor.getField("node-input-toolChoice");
    await editor.openDialog("router");
    await editor.getField("red-ui-tab-tool-call-router-run").click();
    await toolChoice.selectOption("a_tool");
    await editor.getField("red-ui-tab-tool-call-router-tools").click();
    const input = getNameField(getRows(editor).first());
    await input.press("ControlOrMeta+a");
    await input.press("Backspace");
    await editor.page.locator(".chat-tool input.input-error").waitFor();
    await input.pressSequentially("fresh_name");
    await toolChoice.locator("option", { hasText: "fresh_name" }).waitFor({ state: "attached" });
    await editor.confirmDialog();
    assert.equal(await editor.page.evaluate(`RED.nodes.node("router").toolChoice`), "fresh_name");
    await editor.page.evaluate(`RED.nodes.node("router").toolChoice = "theirs"`);
    await editor.openDialog("router");
    assert.match(await toolChoice.locator("option:checked").innerText(), /theirs.*msg\.tools/);
    await editor.cancelDialog();
  });

  it("says what a strict service refuses in a schema while it is typed", async () => {
    const editor = await world.openEditor(createRouterFlow(["a"]));
    await editor.openDialog("router");
    const row = getRows(editor).first();
    await row.getByRole("button", { name: "Arguments" }).click();
    const warning = row.locator(".chat-tool-hint.chat-wrong");
    await row.getByRole("checkbox", { name: "strict" }).check();
    await warning.getByText("additionalProperties: must be false").waitFor();
    // The lines are short, because a click does not reach text that is scrolled out of view.
    const city =
      '"type": "object",\n"properties": {"city": {"type": "string"}},\n"additionalProperties": false';
    await writeSchema(editor, row, `{${city}}`);
    await warning.getByText('required: must contain "city"').waitFor();
    await saveScreenshot(editor.page, "tool-call-router-strict");
    await writeSchema(
      editor,
      row,
      `{${city},\n"required": ["city"],\n"$defs": {"a": {"items": {"type": "object"}}}}`,
    );
    await warning.getByText("$defs.a.items.additionalProperties:").waitFor();
    await writeSchema(editor, row, `{${city},\n"required": ["city"]}`);
    await warning.waitFor({ state: "detached" });
    await editor.confirmDialog();
    assert.equal(await editor.getProblems("router"), undefined);
  });

  it("sends a tool to a link in node of any flow instead of an output, and keeps the link in a copy", async () => {
    const linkIn = { type: "link in", links: [], x: 200, y: 400, wires: [[]] };
    const flow = [
      ...createRouterFlow(["a", "b"]),
      { ...linkIn, id: "near", z: "tab", name: "near" },
      { id: "far-tab", type: "tab", label: "Far" },
      { ...linkIn, id: "far", z: "far-tab", name: "far" },
    ];
    const editor = await world.openEditor(flow);
    await editor.openDialog("router");
    const choice = getRows(editor).first().getByRole("combobox");
    assert.deepEqual(
      await choice
        .locator("optgroup")
        .evaluateAll((groups) => groups.map((group) => group.getAttribute("label"))),
      ["Test", "Far"],
    );
    assert.deepEqual(await choice.locator("option").allInnerTexts(), ["output 3", "near", "far"]);
    await choice.selectOption("near");
    assert.equal(
      await getRows(editor).nth(1).getByRole("combobox").locator("option").first().innerText(),
      "output 3",
    );
    await editor.confirmDialog();
    assert.deepEqual(await readWires(editor), ["1 stream", "3 b", "4 others"]);
    assert.equal(await editor.getProblems("router"), undefined);

    await editor.invokeAction("core:select-all-nodes");
    await editor.invokeAction("core:copy-selection-to-internal-clipboard");
    await editor.invokeAction("core:paste-from-internal-clipboard");
    await editor.page.mouse.click(500, 700);
    const copied = (await editor.getIds("tool-call-router")).find((id) => id !== "router")!;
    const near = (await editor.getIds("link in")).find((id) => !["near", "far"].includes(id))!;
    const links = await editor.page.evaluate(
      `RED.nodes.node(${JSON.stringify(copied)}).tools.map(({ link }) => link)`,
    );
    assert.deepEqual(links, [near, undefined]);
  });

  it("shows its dialog in German and in the dark theme", async () => {
    const editor = await world.openEditor(createRouterFlow(["get_weather", "get_time", "send_mail"]));
    await editor.page.evaluate(`localStorage.setItem("editor-language", "de")`);
    try {
      await editor.open();
      await editor.switchTheme("dark");
      await editor.openDialog("router");
      await getRows(editor).nth(1).getByRole("button", { name: "Argumente" }).click();
      await getRows(editor).nth(1).locator(".monaco-editor").waitFor();
      await saveScreenshot(editor.page, "tool-call-router-dark-de");
      await editor.getField("red-ui-tab-tool-call-router-run").click();
      assert.match(await editor.getField("tool-call-router-run").innerText(), /Werkzeugwahl/);
      await saveScreenshot(editor.page, "tool-call-router-run-dark-de");
      await editor.cancelDialog();
    } finally {
      // The other tests use the same browser.
      await editor.page.evaluate(`localStorage.removeItem("editor-language")`);
    }
  });
});
