import assert from "node:assert/strict";
import { EXAMPLES, type Example, findExample } from "../support/flows/examples.js";
import { saveScreenshot } from "../support/runtime/browser.js";
import { PACKAGE, world } from "./world.js";

describe("Examples in the editor", function () {
  this.timeout(240_000);

  it("imports all examples without a warning, and runs them side by side", async () => {
    // Examples that need another module have a suite of their own. Those that need a key are marked as invalid.
    const examples = EXAMPLES.filter((example) => !needsModules(example) && !needsKey(example));
    assert.ok(examples.length >= 9);
    const editor = await world.openEditor();
    for (const { path } of examples) {
      await editor.importExample(PACKAGE, path);
      assert.deepEqual(await editor.getComplaints(), [], path);
    }
    assert.deepEqual(await editor.getInvalidNodes(), []);
    assert.ok((await editor.getIds("chat-stream")).length >= examples.length);
    await editor.deploy();
    assert.deepEqual(await editor.getComplaints(), []);

    await editor.showFlow("Several questions");
    await editor.pressInject(await editor.findByName("inject", "Ask all three"));
    await editor.waitForDebug("In order", /Streaming.*1, 2, 3.*144/);
    const answers = (await editor.readDebugMessages()).filter(({ from }) => from === "As they finish");
    assert.equal(answers.length, 3);
    assert.match(answers[0]!.value, /144/, "the shortest answer should be the first");

    await editor.clearDebug();
    await editor.showFlow("Chat with memory");
    await editor.pressInject(await editor.findByName("inject", "Ada says her name"));
    await editor.waitForDebug("Answer", /Ada/);
    await editor.pressInject(await editor.findByName("inject", "Ada asks for it"));
    await editor.waitForDebug("Answer", /Your name is Ada/);
    await editor.pressInject(await editor.findByName("inject", "Bob asks for his"));
    await editor.waitForDebug("Answer", /not told me/);

    await editor.clearDebug();
    await editor.showFlow("Errors by code");
    await editor.pressInject(await editor.findByName("inject", "Broken off"));
    await editor.waitForDebug("What to do", /Keep what has arrived/);
  });

  it("shows the chunks of the example First stream in the debug sidebar, in both themes", async () => {
    const editor = await world.openEditor(findExample("First stream").nodes);
    const stream = await editor.findByName("chat-stream", "Ask the model");
    await editor.locatePaletteNode("collect").scrollIntoViewIfNeeded();
    for (const theme of ["light", "dark"] as const) {
      await editor.switchTheme(theme);
      await editor.pressInject(await editor.findByName("inject", "What is Node-RED?"));
      await editor.movePointerAway();
      await editor
        .locateStatus(stream)
        .filter({ hasText: /^streaming \d\d · / })
        .waitFor();
      await saveScreenshot(editor.page, theme === "light" ? "first-stream" : "first-stream-dark");
      await editor.waitForDebug("Whole answer", /Node-RED/);
      await editor.locateStatus(stream).filter({ hasText: /^done/ }).waitFor();
      await editor.clearDebug();
    }
  });

  it("lets the model call the tools of the example Weather and time tools", async () => {
    const editor = await world.openEditor(findExample("Weather and time tools").nodes);
    await editor.pressInject(await editor.findByName("inject", "Weather in Paris"));
    await editor.waitForDebug("Answer", /Paris/);
    await editor.movePointerAway();
    await saveScreenshot(editor.page, "tools");
  });
});

function needsKey({ nodes }: Example): boolean {
  return nodes.some((node) => node.type === "chat-provider" && node["provider"] !== "demo");
}

function needsModules({ nodes }: Example): boolean {
  return nodes.some((node) => node.type === "global-config" && node["modules"] !== undefined);
}
