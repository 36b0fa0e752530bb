import assert from "node:assert/strict";
import type { Editor } from "./editor.js";
import { createProviderFlow } from "./flows.js";
import { world } from "./world.js";

describe("Validation in the editor", () => {
  let editor: Editor;

  before(async () => {
    editor = await world.openSharedEditor([
      ...createProviderFlow({ demo: { provider: "demo" } }),
      { id: "lost", type: "chat-stream", z: "tab", x: 500, y: 200, wires: [[]], provider: "" },
    ]);
  });
  after(() => editor.page.close());

  it("marks a chat-stream without a provider, and names the missing provider", async () => {
    const stream = "lost";
    await editor.locateErrorMark(stream).waitFor();
    await editor.readTooltip(editor.locateErrorMark(stream), /Provider/);
    assert.match((await editor.getProblems(stream))!.join(), /Provider/);
    await editor.openDialog(stream);
    await editor.getInvalidField("node-input-provider").waitFor();
    await editor.cancelDialog();
  });

  it("marks a provider without the key that it needs, and the chat-stream that uses it", async () => {
    const stream = await editor.drag("chat-stream", 500, 300);
    await editor.openDialog(stream);
    await editor.openConfigDialog("provider", "add");
    await editor.getField("node-config-input-provider").selectOption("openai");
    await editor.getInvalidField("node-config-input-apiKey").waitFor();
    await editor.readTooltip(editor.getField("node-config-input-apiKey"), /OpenAI needs an API key/);
    await editor.confirmConfigDialog();
    await editor.getInvalidField("node-input-provider").waitFor();
    await editor.confirmDialog();
    await editor.locateErrorMark(stream).waitFor();
    assert.match((await editor.getProblems(stream))!.join(), /Provider/);
    const provider = (await editor.getIds("chat-provider")).find((id) => id !== "demo");
    assert.match((await editor.getProblems(provider!))!.join(), /OpenAI needs an API key/);
  });

  it("marks timeouts that are not positive numbers, and names each of them", async () => {
    await editor.openDialog("stream-demo");
    await editor.openConfigDialog("provider", "edit");
    await editor.openTab("Limits");
    for (const [setting, value] of [
      ["idleTimeout", "soon"],
      ["totalTimeout", "0"],
      ["connectTimeout", ""],
      ["progressTimeout", "-1"],
    ]) {
      await editor.fillField(`node-config-input-${setting}`, value!);
      await editor.getInvalidField(`node-config-input-${setting}`).waitFor();
    }
    await editor.openTab("Connection");
    await editor.page.locator(".chat-tab-wrong").getByText("Limits").waitFor();
    await editor.confirmConfigDialog();
    assert.equal((await editor.getProblems("demo"))?.length, 4);
    for (const [at, name] of ["Connect", "Idle", "No progress", "Whole stream"].entries()) {
      assert.match(
        (await editor.getProblems("demo"))![at]!,
        new RegExp(`^${name}: a number of seconds above 0`),
      );
    }
  });
});
