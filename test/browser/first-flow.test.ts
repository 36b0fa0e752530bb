import assert from "node:assert/strict";
import { saveScreenshot } from "../support/runtime/browser.js";
import { PACKAGE, world } from "./world.js";

const QUESTION = "Explain streaming.";

describe("First flow, made by hand", () => {
  it("shows an answer chunk by chunk and as a whole, in a flow made from the palette", async () => {
    const editor = await world.openEditor();
    const { page } = editor;

    for (const [type, icon] of [
      ["chat-stream", "chat-stream.svg"],
      ["collect", "chat-collect.svg"],
    ] as const) {
      const entry = editor.locatePaletteNode(type);
      assert.equal(await page.locator("#red-ui-palette-container-AI").locator(entry).count(), 1, type);
      const style = await editor.readIconStyle(type);
      const path = `icons/${PACKAGE}/${icon}`;
      assert.ok(style.includes(path), style);
      const response = await page.request.get(`${world.url}/${path}`);
      assert.equal(response.status(), 200, await response.text());
    }

    const inject = await editor.drag("inject", 180, 140);
    const stream = await editor.drag("chat-stream", 400, 140);
    const chunks = await editor.drag("debug", 620, 80);
    const collect = await editor.drag("collect", 620, 200);
    const whole = await editor.drag("debug", 840, 200);
    await editor.drawWire(inject, stream);
    await editor.drawWire(stream, chunks);
    await editor.drawWire(stream, collect);
    await editor.drawWire(collect, whole);

    await editor.openDialog(inject);
    await editor.setTypedInput(page.locator(".node-input-prop-property-value").first(), "string", QUESTION);
    await editor.confirmDialog();

    await editor.openDialog(stream);
    await editor.openConfigDialog("provider", "add");
    assert.equal(await editor.getField("node-config-input-provider").inputValue(), "demo");
    await editor.confirmConfigDialog();
    await editor.getField("chat-stream-model-list").click();
    const offered = page.locator(".red-ui-autoComplete-container:visible");
    await offered.getByText("demo-reasoning", { exact: true }).waitFor();
    await offered.getByText("demo", { exact: true }).click();
    assert.equal(await editor.getField("node-input-model").inputValue(), "demo");
    await editor.fillField("node-input-system", "You are a patient teacher.");
    await saveScreenshot(page, "chat-stream-dialog");
    await editor.confirmDialog();
    await editor.deploy();

    await editor.pressInject(inject);
    await editor
      .locateStatus(stream)
      .filter({ hasText: /^streaming \d+ · \d+\/s$/ })
      .waitFor();
    await editor
      .locateStatus(stream)
      .filter({ hasText: /^done · \d+ chunks$/ })
      .waitFor();
    await editor.waitForDebug("debug 2", /streaming/i);
    const messages = await editor.readDebugMessages();
    const pieces = messages.filter(({ from }) => from === "debug 1");
    const answers = messages.filter(({ from }) => from === "debug 2");
    assert.ok(pieces.length > 10, `${pieces.length} chunks`);
    assert.equal(pieces.at(-1)?.value, '""', "the last message of a stream should add no text");
    assert.equal(answers.length, 1);
    assert.equal(messages.at(-1)?.from, "debug 2");
    // The sidebar truncates long texts.
    const start = answers[0]!.value.slice(1).replace(/\.*"$/, "");
    const joined = pieces.map(({ value }) => value.slice(1, -1)).join("");
    assert.ok(joined.startsWith(start), `${joined} should begin with ${start}`);

    await editor.select(stream);
    await editor.invokeAction("core:show-help-tab");
    const help = page.locator(".red-ui-sidebar-help-stack .red-ui-help");
    await help.getByText(/^Sends a prompt to a language model/).waitFor();
    for (const label of ["chat provider", "collect"]) {
      await editor.showHelp(label);
      await help.locator("h1, h2, h3").first().waitFor();
    }
  });
});
