import assert from "node:assert/strict";
import { saveScreenshot } from "../support/runtime/browser.js";
import type { Editor } from "./editor.js";
import { createDebug, createInject, TAB } from "./flows.js";
import { PACKAGE, world } from "./world.js";

const DEMO = { id: "provider", type: "chat-provider", name: "Demo", provider: "demo", demoPace: 0 };

describe("speech-stream in the editor", () => {
  it("shows speech-stream in the palette with its icon, and labels its input and output", async () => {
    const editor = await world.openEditor();
    const icon = await editor.readIconStyle("speech-stream");
    assert.ok(icon.includes(`icons/${PACKAGE}/speech-stream.svg`), icon);
    const speech = await editor.drag("speech-stream", 400, 200);
    await editor.readTooltip(
      editor.locateNode(speech).locator(".red-ui-flow-port-input"),
      /a stream of text/,
    );
    await editor.readTooltip(
      editor.locateNode(speech).locator(".red-ui-flow-port-output"),
      /a stream of audio/,
    );
    await editor.locateErrorMark(speech).waitFor();
    assert.match(String(await editor.getProblems(speech)), /provider/i);
  });

  it("keeps its settings, names invalid ones, and labels the node with the voice", async () => {
    const editor = await world.openEditor([TAB, DEMO]);
    const speech = await editor.drag("speech-stream", 400, 200);
    await editor.openDialog(speech);
    assert.equal(await editor.getField("node-input-property").inputValue(), "payload");
    await editor.getField("node-input-provider").selectOption({ label: "Demo" });
    await editor.fillField("node-input-voice", "alloy");
    await editor.getField("node-input-format").selectOption({ label: "WAV" });
    await editor.fillField("node-input-speed", "9");
    await editor.getInvalidField("node-input-speed").waitFor();
    await fillMoreFields(editor, "[1]");
    await editor.confirmDialog();
    await editor.locateErrorMark(speech).waitFor();
    assert.deepEqual(await editor.getProblems(speech), [
      "Speed: a number from 0.25 to 4, or empty",
      "More fields: a JSON object, or empty",
    ]);
    assert.match((await editor.locateNode(speech).textContent()) ?? "", /alloy/);
    await editor.openDialog(speech);
    await editor.fillField("node-input-speed", "1.5");
    await fillMoreFields(editor, '{"instructions":"softly"}');
    await editor.page.locator(".red-ui-typedInput-container.input-error").waitFor({ state: "detached" });
    await saveScreenshot(editor.page, "speech-stream-dialog");
    await editor.confirmDialog();
    assert.equal(await editor.getProblems(speech), undefined);
    const expected = {
      provider: "provider",
      voice: "alloy",
      format: "wav",
      speed: "1.5",
      property: "payload",
      options: '{"instructions":"softly"}',
    };
    assert.deepEqual(await editor.getProperties(speech, Object.keys(expected)), expected);
  });

  it("sends the speech of a text, which core's join makes one buffer", async () => {
    const editor = await world.openEditor([
      TAB,
      DEMO,
      createInject("say", "Good morning.", { x: 160, y: 160 }),
      { id: "one", type: "join", z: "tab", x: 560, y: 160, mode: "auto", wires: [["sound"]] },
      createDebug("sound", { name: "Sound", x: 780, y: 160 }),
    ]);
    const speech = await editor.drag("speech-stream", 360, 160);
    await editor.drawWire("say", speech);
    await editor.drawWire(speech, "one");
    await editor.openDialog(speech);
    await editor.getField("node-input-provider").selectOption({ label: "Demo" });
    await editor.confirmDialog();
    await editor.deploy();
    await editor.pressInject("say");
    const messages = editor.page.locator(".red-ui-debug-msg");
    await messages.filter({ hasText: /buffer\[\d{5,}\]/ }).waitFor();
    await editor.locateStatus(speech).filter({ hasText: /^done/ }).waitFor();
    assert.equal(await messages.count(), 1, "join should make one message of all pieces");
  });
});

/** Types into the typed input of More fields. The editor validates it on keyup. */
async function fillMoreFields(editor: Editor, text: string): Promise<void> {
  const input = editor.page.locator(
    "#node-input-options + .red-ui-typedInput-container .red-ui-typedInput-input",
  );
  await input.fill(text);
  await input.press("End");
}
