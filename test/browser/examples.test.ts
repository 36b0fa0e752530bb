import assert from "node:assert/strict";
import { saveScreenshot } from "../support/runtime/browser.js";
import { PACKAGE, readExample, world } from "./world.js";

describe("Examples in the editor", function () {
  this.timeout(240_000);

  it("imports all examples without a warning, and runs them side by side", async () => {
    // Examples that need another module have a suite of their own. Those that need a key are marked as invalid.
    const names = (await fetchExampleNames()).filter((name) => !needsModules(name) && !needsKey(name));
    assert.ok(names.length >= 9, names.join());
    const editor = await world.openEditor();
    for (const name of names) {
      await editor.importExample(PACKAGE, name);
      assert.deepEqual(await editor.getComplaints(), [], name);
    }
    assert.deepEqual(await editor.getInvalidNodes(), []);
    assert.ok((await editor.getIds("chat-stream")).length >= names.length);
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
    const editor = await world.openEditor(readExample("01 First stream"));
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
    const editor = await world.openEditor(readExample("18 Weather and time tools"));
    await editor.pressInject(await editor.findByName("inject", "Weather in Paris"));
    await editor.waitForDebug("Answer", /Paris/);
    await editor.movePointerAway();
    await saveScreenshot(editor.page, "tools");
  });
});

function needsKey(name: string): boolean {
  return (readExample(name) as { type: string; provider?: string }[]).some(
    ({ type, provider }) => type === "chat-provider" && provider !== "demo",
  );
}

function needsModules(name: string): boolean {
  return (readExample(name) as { type: string; modules?: object }[]).some(
    ({ type, modules }) => type === "global-config" && modules !== undefined,
  );
}

/** Fetches the names of the examples that the runtime offers. */
async function fetchExampleNames(): Promise<string[]> {
  const response = await fetch(`${world.url}/library/examples/flows/${PACKAGE}`);
  assert.equal(response.status, 200);
  const entries = (await response.json()) as ({ fn: string } | string)[];
  return entries.map((entry) => (typeof entry === "string" ? entry : entry.fn).replace(/\.json$/, ""));
}
