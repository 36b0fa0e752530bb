import assert from "node:assert/strict";
import type { Editor } from "./editor.js";
import { createProviderFlow } from "./flows.js";
import { world } from "./world.js";

describe("Recording in the dialog of a provider", () => {
  let editor: Editor;
  before(async () => {
    editor = await world.openSharedEditor(createProviderFlow({ openai: { provider: "openai" } }));
  });
  after(() => editor.page.close());

  it("shows the cassette if there is one, and wants no key for a replay", async () => {
    await editor.openDialog("stream-openai");
    await editor.openConfigDialog("provider", "edit");
    const [choice, cassette, atOnce] = ["record", "cassette", "replayAtOnce"].map((name) =>
      editor.getField(`node-config-input-${name}`),
    );
    await editor.getInvalidField("node-config-input-apiKey").waitFor();
    assert.deepEqual([await cassette!.isVisible(), await atOnce!.isVisible()], [false, false]);
    await choice!.selectOption("record");
    assert.deepEqual([await cassette!.isVisible(), await atOnce!.isVisible()], [true, false]);
    await editor.getInvalidField("node-config-input-cassette").waitFor();
    await choice!.selectOption("replay");
    assert.deepEqual([await cassette!.isVisible(), await atOnce!.isVisible()], [true, true]);
    await editor.getInvalidField("node-config-input-apiKey").waitFor({ state: "detached" });
    await editor.fillField("node-config-input-cassette", "cassettes/answers.json");
    await editor.getInvalidField("node-config-input-cassette").waitFor({ state: "detached" });
    await choice!.selectOption("off");
    assert.equal(await cassette!.isVisible(), false);
    await editor.getInvalidField("node-config-input-apiKey").waitFor();
    await choice!.selectOption("replay");
    await editor.confirmConfigDialog();
    await editor.confirmDialog();
    await editor.deploy();
    const flows = JSON.parse(await world.fetchFlows()) as Record<string, unknown>[];
    const provider = flows.find(({ type }) => type === "chat-provider")!;
    assert.deepEqual(
      ["record", "cassette", "replayAtOnce"].map((name) => provider[name]),
      ["replay", "cassettes/answers.json", false],
    );
  });
});
