import assert from "node:assert/strict";
import { saveScreenshot } from "../support/runtime/browser.js";
import { ScriptedService } from "../support/services/scripted-service.js";
import { Author } from "./author.js";
import { world } from "./world.js";

/** Actions of an author with the mouse and the keyboard that one task takes at most. */
const MAX_ACTIONS = { demo: 9, service: 13 };

/** Draws inject → chat-stream → debug. */
async function draw(author: Author): Promise<{ inject: string; stream: string }> {
  const inject = await author.drag("inject", 180, 140);
  const stream = await author.drag("chat-stream", 400, 140);
  const debug = await author.drag("debug", 640, 140);
  await author.wire(inject, stream, debug);
  return { inject, stream };
}

describe("First steps of a newcomer", () => {
  it(`asks the demo and sees the answer after at most ${MAX_ACTIONS.demo} actions, without opening a dialog`, async () => {
    const author = new Author(await world.openEditor());
    const { editor } = author;
    const { inject, stream } = await draw(author);
    await author.do(() => editor.deploy());
    await author.do(() => editor.pressInject(inject));
    await editor.locateStatus(stream).filter({ hasText: /^done/ }).waitFor();
    await editor.waitForDebug("debug 1", /\w/);
    assert.ok(author.actions <= MAX_ACTIONS.demo, `${author.actions} actions`);
    console.log(`      ${author.actions} actions with the demo`);
    await saveScreenshot(editor.page, "first-steps-demo");
  });

  it(`asks a service with a key after at most ${MAX_ACTIONS.service} actions and one deploy`, async () => {
    const service = await ScriptedService.start();
    const author = new Author(await world.openEditor());
    const { editor } = author;
    try {
      const { inject, stream } = await draw(author);
      await author.do(() => editor.openDialog(stream));
      await author.do(() => editor.openConfigDialog("provider", "edit"));
      await author.do(() => editor.getField("node-config-input-provider").selectOption("llamacpp"));
      await author.do(() => editor.fillField("node-config-input-baseUrl", service.url));
      await saveScreenshot(editor.page, "first-steps-provider");
      await author.do(() => editor.confirmConfigDialog());
      await author.do(() => editor.confirmDialog());
      await author.do(() => editor.deploy());
      await author.do(() => editor.pressInject(inject));
      await editor.locateStatus(stream).filter({ hasText: /^done/ }).waitFor();
      assert.equal(service.requests.length, 1);
      assert.ok(author.actions <= MAX_ACTIONS.service, `${author.actions} actions`);
      console.log(`      ${author.actions} actions with a service`);
    } finally {
      await service.close();
    }
  });

  it("shows where to get a key, and a usual model of the service", async () => {
    const editor = await world.openEditor();
    const stream = await editor.drag("chat-stream", 400, 140);
    await editor.openDialog(stream);
    await editor.page.locator("#node-input-model[placeholder*='demo']").waitFor();
    await editor.openConfigDialog("provider", "edit");
    await editor.getField("node-config-input-provider").selectOption("openai");
    const link = editor.page.locator("#chat-provider-key-hint a");
    assert.equal(await link.getAttribute("href"), "https://platform.openai.com/api-keys");
    await editor.fillField("node-config-input-apiKey", "sk-test");
    await saveScreenshot(editor.page, "first-steps-key");
    await editor.confirmConfigDialog();
    await editor.page.locator("#node-input-model[placeholder*='gpt-6-luna']").waitFor();
    await saveScreenshot(editor.page, "first-steps-model");
  });

  it("gives a second chat-stream the only provider, and leaves the choice among two to the author", async () => {
    const editor = await world.openEditor();
    const providers: unknown[] = [];
    for (const x of [200, 400]) {
      const stream = await editor.drag("chat-stream", x, 140);
      await editor.openDialog(stream);
      providers.push(await editor.getField("node-input-provider").inputValue());
      if (x === 400) {
        await editor.openConfigDialog("provider", "add");
        await editor.confirmConfigDialog();
      }
      await editor.confirmDialog();
    }
    assert.equal(providers[0], providers[1]);
    assert.match(String(providers[0]), /^[0-9a-f.]+$/);
    const third = await editor.drag("chat-stream", 600, 140);
    await editor.openDialog(third);
    assert.doesNotMatch(await editor.getField("node-input-provider").inputValue(), /^[0-9a-f.]{8,}$/);
  });
});
