import assert from "node:assert/strict";
import { saveScreenshot } from "../support/runtime/browser.js";
import { Author } from "./author.js";
import { WebSocketReader } from "./websocket-reader.js";
import { world } from "./world.js";

/**
 * How many actions each task takes at most: drags, wires, clicks and fields, from an empty canvas to the answer. Each is what
 * was counted when the test was written; a change that costs an author more has to say so here.
 */
const MAX_ACTIONS = { web: 15, tools: 26, fallback: 16, json: 13 };

/** The text of the last message of a stream in the debug sidebar: two quotation marks. */
const EMPTY_TEXT = /^..$/;

/** Checks the number of actions and reports it. */
function checkActions({ actions }: Author, task: keyof typeof MAX_ACTIONS): void {
  console.log(`      ${actions} actions`);
  assert.ok(actions <= MAX_ACTIONS[task], `${actions} actions instead of ${MAX_ACTIONS[task]}`);
}

describe("First tasks of a newcomer, built from the palette with the demo", () => {
  it("streams to a web page over a websocket, with the end of the answer", async () => {
    const author = new Author(await world.openEditor());
    const { editor } = author;
    const input = await author.drag("websocket in", 180, 140);
    const stream = await author.drag("chat-stream", 400, 140);
    const output = await author.drag("websocket out", 640, 140);
    await author.wire(input, stream, output);
    await author.edit(input, async () => {
      await author.do(() => editor.openConfigDialog("server", "add"));
      await author.fill("node-config-input-path", "/first-chat");
      await author.choose("node-config-input-wholemsg", "true");
      await author.do(() => editor.confirmConfigDialog());
    });
    await author.edit(output, async () => {
      const listener = editor.page.locator("#node-input-server option", { hasText: "/first-chat" });
      await author.choose("node-input-server", (await listener.getAttribute("value"))!);
    });
    await author.deploy();
    const page = await WebSocketReader.open(`${world.url.replace("http", "ws")}/first-chat`);
    page.send({ payload: "Count to 5." });
    const messages = await page.readUntil((message) => message["complete"] === true);
    assert.equal(messages.map(({ payload }) => payload).join(""), "1, 2, 3, 4, 5.");
    assert.ok(messages.length > 5);
    checkActions(author, "web");
    page.close();
  });

  it("lets the model call two tools", async () => {
    const author = new Author(await world.openEditor());
    const { editor } = author;
    const inject = await author.drag("inject", 120, 140);
    const tools = await author.drag("tool-call-router", 320, 140);
    const debug = await author.drag("debug", 560, 60);
    const stream = await author.drag("chat-stream", 560, 140);
    const weather = await author.drag("function", 560, 220);
    const time = await author.drag("function", 560, 300);
    await author.setPrompt(inject, "What is the weather in Paris, and what time is it in Paris?");
    await author.edit(tools, async () => {
      for (const [at, name] of ["get_weather", "get_time"].entries()) {
        const add = editor.page.locator("#tool-call-router-tools .red-ui-editableList-addButton").first();
        await author.do(() => add.click());
        const row = editor.page.locator(".chat-tool").nth(at);
        await author.do(() => row.getByRole("textbox", { name: /^name/ }).fill(name));
      }
    });
    await author.wire(inject, tools);
    await author.wireOutput(tools, 1, debug);
    await author.wireOutput(tools, 2, stream);
    await author.wireOutput(tools, 3, weather);
    await author.wireOutput(tools, 4, time);
    for (const node of [stream, weather, time]) await author.wire(node, tools);
    await author.deploy();
    await author.press(inject);
    // A new function node gives back the arguments, which is enough for an answer.
    await editor.waitForDebug("debug 1", EMPTY_TEXT);
    const text = (await editor.readDebugMessages()).map(({ value }) => value.slice(1, -1)).join("");
    assert.match(text, /get_weather/);
    assert.match(text, /get_time/);
    await saveScreenshot(editor.page, "first-tasks-tools");
    checkActions(author, "tools");
  });

  it("asks again after a break, and falls back to another model", async () => {
    const author = new Author(await world.openEditor());
    const { editor } = author;
    const inject = await author.drag("inject", 120, 140);
    const first = await author.drag("chat-stream", 320, 140);
    const retry = await author.drag("retry", 540, 140);
    const debug = await author.drag("debug", 760, 140);
    const second = await author.drag("chat-stream", 320, 260);
    await author.wire(inject, first, retry, debug);
    await author.wireOutput(retry, 2, first);
    await author.wireOutput(retry, 3, second);
    await author.wire(second, retry);
    await author.edit(first, () => author.fill("node-input-model", "demo:fault=drop&after=1"));
    await author.deploy();
    await author.press(inject);
    await editor.locateStatus(second).filter({ hasText: /^done/ }).waitFor();
    await editor.waitForDebug("debug 1", EMPTY_TEXT);
    const pieces = (await editor.readDebugMessages()).filter(({ from }) => from === "debug 1");
    assert.equal(pieces.filter(({ value }) => value === '""').length, 1, "the reader sees one stream");
    await saveScreenshot(editor.page, "first-tasks-fallback");
    checkActions(author, "fallback");
  });

  it("gets an object that matches a schema", async () => {
    const author = new Author(await world.openEditor());
    const { editor } = author;
    const inject = await author.drag("inject", 180, 140);
    const stream = await author.drag("chat-stream", 400, 140);
    const collect = await author.drag("collect", 620, 140);
    const debug = await author.drag("debug", 820, 140);
    await author.wire(inject, stream, collect, debug);
    await author.edit(stream, async () => {
      await author.do(() => editor.openTab("Answer"));
      await author.choose("node-input-responseFormat", "json_schema");
    });
    await author.deploy();
    await author.press(inject);
    await editor.waitForDebug("debug 1", /title.*tags/);
    checkActions(author, "json");
  });
});
