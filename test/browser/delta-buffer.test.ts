import assert from "node:assert/strict";
import { saveScreenshot } from "../support/runtime/browser.js";
import type { Editor } from "./editor.js";
import { createChatFlow, createDebug } from "./flows.js";
import { PACKAGE, world } from "./world.js";

/** The settings that say when the buffer sends a message, apart from the boundary. */
const RULES = ["milliseconds", "count", "characters"];

describe("delta-buffer in the editor", () => {
  it("shows delta-buffer in the palette with its icon, and labels its input and output", async () => {
    const editor = await world.openEditor();
    const icon = await editor.readIconStyle("delta-buffer");
    assert.ok(icon.includes(`icons/${PACKAGE}/delta-buffer.svg`), icon);
    const buffer = await editor.drag("delta-buffer", 400, 200);
    await editor.readTooltip(editor.locateNode(buffer).locator(".red-ui-flow-port-input"), /a stream/);
    await editor.readTooltip(editor.locateNode(buffer).locator(".red-ui-flow-port-output"), /fewer messages/);
    assert.equal(await editor.getProblems(buffer), undefined);
  });

  it("shows only the settings that a preset needs, and fills in what the preset means", async () => {
    const editor = await world.openEditor();
    await editor.openDialog(await editor.drag("delta-buffer", 400, 200));
    assert.equal(await editor.getField("delta-buffer-preset").inputValue(), "time");
    await assertVisibleSettings(editor, []);
    await choosePreset(editor, "smooth");
    await assertVisibleSettings(editor, ["pace"]);
    await choosePreset(editor, "sentence");
    await assertVisibleSettings(editor, []);
    await choosePreset(editor, "own");
    await assertVisibleSettings(editor, [...RULES, "boundary"]);
    assert.equal(await editor.getField("node-input-boundary").inputValue(), "sentence");
    assert.equal(await editor.getField("node-input-milliseconds").inputValue(), "");
    await editor.cancelDialog();
  });

  it("keeps each preset when the dialog is opened again", async () => {
    const editor = await world.openEditor();
    const buffer = await editor.drag("delta-buffer", 400, 200);
    const presets: Record<string, Record<string, unknown>> = {
      word: { milliseconds: "", boundary: "word", smooth: false },
      sentence: { milliseconds: "", boundary: "sentence", smooth: false },
      paragraph: { milliseconds: "", boundary: "paragraph", smooth: false },
      smooth: { smooth: true, pace: "20" },
      time: { milliseconds: "50", boundary: "none", smooth: false },
    };
    for (const [preset, properties] of Object.entries(presets)) {
      await editor.openDialog(buffer);
      await choosePreset(editor, preset);
      if (preset === "smooth") await editor.fillField("node-input-pace", "20");
      await editor.confirmDialog();
      assert.deepEqual(await editor.getProperties(buffer, Object.keys(properties)), properties);
      await editor.openDialog(buffer);
      assert.equal(await editor.getField("delta-buffer-preset").inputValue(), preset);
      await editor.cancelDialog();
    }
  });

  it("keeps custom rules, and does not mistake them for a preset with some of the same values", async () => {
    const editor = await world.openEditor();
    const buffer = await editor.drag("delta-buffer", 400, 200);
    await editor.openDialog(buffer);
    await choosePreset(editor, "own");
    await editor.fillField("node-input-milliseconds", "50");
    await editor.fillField("node-input-characters", "80");
    await editor.getField("node-input-boundary").selectOption("line");
    for (const theme of ["light", "dark"] as const) {
      await editor.switchTheme(theme);
      await saveScreenshot(
        editor.page,
        theme === "light" ? "delta-buffer-dialog" : "delta-buffer-dialog-dark",
      );
      assert.ok(await areHintsLegible(editor), `the hints should be legible in the ${theme} theme`);
    }
    await editor.switchTheme("light");
    await editor.confirmDialog();
    await editor.openDialog(buffer);
    assert.equal(await editor.getField("delta-buffer-preset").inputValue(), "own");
    assert.deepEqual(
      await Promise.all(
        [...RULES, "boundary"].map((rule) => editor.getField(`node-input-${rule}`).inputValue()),
      ),
      ["50", "", "80", "line"],
    );
    await editor.cancelDialog();
  });

  it("marks and names settings that are not numbers, and accepts an environment variable", async () => {
    const editor = await world.openEditor();
    const buffer = await editor.drag("delta-buffer", 400, 200);
    await editor.openDialog(buffer);
    await choosePreset(editor, "own");
    for (const [rule, value] of [
      ["milliseconds", "soon"],
      ["count", "2.5"],
      ["characters", "-1"],
    ]) {
      await editor.fillField(`node-input-${rule}`, value!);
      await editor.getInvalidField(`node-input-${rule}`).waitFor();
    }
    await editor.confirmDialog();
    await editor.locateErrorMark(buffer).waitFor();
    assert.deepEqual(await editor.getProblems(buffer), [
      "Milliseconds: a number from 0 up; 0 or empty is off",
      "Chunks: a whole number from 0 up; 0 or empty is off",
      "Characters: a whole number from 0 up; 0 or empty is off",
    ]);
    await editor.openDialog(buffer);
    for (const [rule, value] of [
      ["milliseconds", "$" + "{HOLD}"],
      ["count", ""],
      ["characters", "80"],
    ]) {
      await editor.fillField(`node-input-${rule}`, value!);
      await editor.getInvalidField(`node-input-${rule}`).waitFor({ state: "detached" });
    }
    await editor.confirmDialog();
    assert.equal(await editor.getProblems(buffer), undefined);
  });

  it("marks a pace of 0, but only if the preset uses the pace", async () => {
    const editor = await world.openEditor();
    await editor.openDialog(await editor.drag("delta-buffer", 400, 200));
    await choosePreset(editor, "smooth");
    await editor.fillField("node-input-pace", "0");
    await editor.getInvalidField("node-input-pace").waitFor();
    await choosePreset(editor, "word");
    await editor.getInvalidField("node-input-pace").waitFor({ state: "detached" });
    await editor.cancelDialog();
  });

  it("merges the messages of a stream when it is wired into a flow and deployed", async () => {
    const flow = createChatFlow({ provider: "demo" }).filter(
      (node) => !["collect", "answer"].includes((node as { id: string }).id),
    ) as Record<string, unknown>[];
    for (const node of flow) if (node["id"] === "stream") node["wires"] = [[]];
    const editor = await world.openEditor([
      ...flow,
      createDebug("pieces", { name: "Pieces", x: 800, y: 300 }),
    ]);
    const buffer = await editor.drag("delta-buffer", 500, 300);
    await editor.drawWire("stream", buffer);
    await editor.drawWire(buffer, "pieces");
    await editor.openDialog(buffer);
    await choosePreset(editor, "paragraph");
    await editor.confirmDialog();
    await editor.deploy();
    await editor.pressInject("ask");
    await editor.locateStatus("stream").filter({ hasText: /^done/ }).waitFor();
    await editor.page.locator(".red-ui-debug-msg").nth(1).waitFor();
    const pieces = (await editor.readDebugMessages()).map(({ value }) => value);
    assert.deepEqual(pieces, ['"1, 2, 3, 4, 5."', '""'], "the whole text, then the last message");
  });
});

async function choosePreset(editor: Editor, preset: string): Promise<void> {
  await editor.getField("delta-buffer-preset").selectOption(preset);
}

/** Asserts which settings the dialog shows, and that it shows a hint. */
async function assertVisibleSettings(editor: Editor, settings: readonly string[]): Promise<void> {
  for (const setting of [...RULES, "boundary", "pace"]) {
    const isVisible = await editor.getField(`node-input-${setting}`).isVisible();
    assert.equal(isVisible, settings.includes(setting), setting);
  }
  assert.notEqual(await editor.getField("delta-buffer-hint").innerText(), "");
}

/** Whether labels and hints have the contrast of 4.5 that WCAG asks for text. */
function areHintsLegible(editor: Editor): Promise<boolean> {
  return editor.page.evaluate(`(() => {
    const parseChannels = (color) => color.match(/[\\d.]+/g).map(Number);
    const computeLuminance = (color) => {
      const [red, green, blue] = parseChannels(color).map((value) => {
        const share = value / 255;
        return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const findBackground = (element) => {
      const color = getComputedStyle(element).backgroundColor;
      return parseChannels(color)[3] === 0 ? findBackground(element.parentElement) : color;
    };
    return [...document.querySelectorAll(".chat-form .chat-hint, .chat-form label, .chat-measure span")]
      .filter((element) => element.offsetParent)
      .every((element) => {
        const [text, background] = [computeLuminance(getComputedStyle(element).color), computeLuminance(findBackground(element))];
        return (Math.max(text, background) + 0.05) / (Math.min(text, background) + 0.05) >= 4.5;
      });
  })()`);
}
