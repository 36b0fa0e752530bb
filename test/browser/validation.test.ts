import assert from "node:assert/strict";
import type { Editor } from "./editor.js";
import { providerFlow } from "./flows.js";
import { world } from "./world.js";

describe("validation in the editor", function () {
  this.timeout(60_000);
  let editor: Editor;

  before(async () => {
    editor = await world.sharedEditor(providerFlow({ demo: { provider: "demo" } }));
  });
  after(() => editor.page.close());

  it("marks a chat-stream without a provider, and says that it is the provider that is missing", async () => {
    const stream = await editor.drag("chat-stream", 500, 200);
    await editor.mark(stream).waitFor();
    await editor.hint(editor.mark(stream), /Provider/);
    assert.match((await editor.problems(stream))!.join(), /Provider/);
    await editor.edit(stream);
    await editor.wrong("node-input-provider").waitFor();
    await editor.cancel();
  });

  it("marks a provider that needs a key and has none, and the chat-stream that uses it", async () => {
    const stream = await editor.drag("chat-stream", 500, 300);
    await editor.edit(stream);
    await editor.editConfig("provider", "add");
    await editor.field("node-config-input-provider").selectOption("openai");
    await editor.wrong("node-config-input-apiKey").waitFor();
    await editor.hint(editor.field("node-config-input-apiKey"), /OpenAI needs an API key/);
    await editor.configDone();
    await editor.wrong("node-input-provider").waitFor();
    await editor.done();
    await editor.mark(stream).waitFor();
    assert.match((await editor.problems(stream))!.join(), /Provider/);
    const provider = (await editor.ids("chat-provider")).find((id) => id !== "demo");
    assert.match((await editor.problems(provider!))!.join(), /OpenAI needs an API key/);
  });

  it("refuses timeouts that are no positive numbers, and names each of them", async () => {
    await editor.edit("stream-demo");
    await editor.editConfig("provider", "edit");
    await editor.tab("Limits");
    for (const [setting, value] of [
      ["idleTimeout", "soon"],
      ["totalTimeout", "0"],
      ["connectTimeout", ""],
      ["progressTimeout", "-1"],
    ]) {
      await editor.fill(`node-config-input-${setting}`, value!);
      await editor.wrong(`node-config-input-${setting}`).waitFor();
    }
    await editor.tab("Connection");
    await editor.page.locator(".chat-tab-wrong").getByText("Limits").waitFor();
    await editor.configDone();
    assert.equal((await editor.problems("demo"))?.length, 4);
    for (const [at, name] of ["Connect", "Silence", "No progress", "Whole stream"].entries()) {
      assert.match(
        (await editor.problems("demo"))![at]!,
        new RegExp(`^${name}: a number of seconds above 0`),
      );
    }
  });
});
