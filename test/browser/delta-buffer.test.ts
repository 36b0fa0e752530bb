import assert from "node:assert/strict";
import { screenshot } from "../support/runtime/browser.js";
import type { Editor } from "./editor.js";
import { createChatFlow } from "./flows.js";
import { PACKAGE, world } from "./world.js";

const RULES = ["milliseconds", "count", "characters"];

describe("delta-buffer in the editor", function () {
  this.timeout(60_000);

  it("stands in the palette with its icon, and says what goes in and what comes out", async () => {
    const editor = await world.openEditor();
    const entry = editor.paletteNode("delta-buffer");
    const icon = await entry.locator(".red-ui-palette-icon").getAttribute("style");
    assert.ok(icon?.includes(`icons/${PACKAGE}/delta-buffer.svg`), icon ?? "no icon");
    const buffer = await editor.drag("delta-buffer", 400, 200);
    await editor.hint(editor.node(buffer).locator(".red-ui-flow-port-input"), /a stream/);
    await editor.hint(editor.node(buffer).locator(".red-ui-flow-port-output"), /fewer messages/);
    assert.equal(await editor.problems(buffer), undefined);
  });

  it("asks for what there is to say only, and fills in what a choice means", async () => {
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

  it("keeps each choice: it stands there when the dialog is opened again", async () => {
    const editor = await world.openEditor();
    const buffer = await editor.drag("delta-buffer", 400, 200);
    const kept: Record<string, Record<string, unknown>> = {
      word: { milliseconds: "", boundary: "word", smooth: false },
      sentence: { milliseconds: "", boundary: "sentence", smooth: false },
      paragraph: { milliseconds: "", boundary: "paragraph", smooth: false },
      smooth: { smooth: true, pace: "20" },
      time: { milliseconds: "50", boundary: "none", smooth: false },
    };
    for (const [preset, properties] of Object.entries(kept)) {
      await editor.openDialog(buffer);
      await choosePreset(editor, preset);
      if (preset === "smooth") await editor.fillField("node-input-pace", "20");
      await editor.confirmDialog();
      assert.deepEqual(await editor.properties(buffer, Object.keys(properties)), properties);
      await editor.openDialog(buffer);
      assert.equal(await editor.getField("delta-buffer-preset").inputValue(), preset);
      await editor.cancelDialog();
    }
  });

  it("keeps rules of one's own, and does not take them for one of the others", async () => {
    const editor = await world.openEditor();
    const buffer = await editor.drag("delta-buffer", 400, 200);
    await editor.openDialog(buffer);
    await choosePreset(editor, "own");
    await editor.fillField("node-input-milliseconds", "50");
    await editor.fillField("node-input-characters", "80");
    await editor.getField("node-input-boundary").selectOption("line");
    for (const theme of ["light", "dark"] as const) {
      await editor.switchTheme(theme);
      await screenshot(editor.page, theme === "light" ? "delta-buffer-dialog" : "delta-buffer-dialog-dark");
      assert.ok(await areHintsLegible(editor), `the hints can be read in the ${theme} theme`);
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

  it("wants numbers, names the one that is none, and takes an environment variable for one", async () => {
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
    await editor.mark(buffer).waitFor();
    assert.deepEqual(await editor.problems(buffer), [
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
    assert.equal(await editor.problems(buffer), undefined);
  });

  it("wants a pace that is one, where there is to be one", async () => {
    const editor = await world.openEditor();
    await editor.openDialog(await editor.drag("delta-buffer", 400, 200));
    await choosePreset(editor, "smooth");
    await editor.fillField("node-input-pace", "0");
    await editor.getInvalidField("node-input-pace").waitFor();
    await choosePreset(editor, "word");
    await editor.getInvalidField("node-input-pace").waitFor({ state: "detached" });
    await editor.cancelDialog();
  });

  it("drawn into a flow, makes fewer messages of the stream that runs through it", async () => {
    const flow = createChatFlow({ provider: "demo" }).filter(
      (node) => !["collect", "answer"].includes((node as { id: string }).id),
    ) as Record<string, unknown>[];
    for (const node of flow) if (node["id"] === "stream") node["wires"] = [[]];
    const editor = await world.openEditor([
      ...flow,
      {
        id: "pieces",
        type: "debug",
        z: "tab",
        name: "Pieces",
        active: true,
        tosidebar: true,
        complete: "payload",
        targetType: "msg",
        x: 800,
        y: 300,
        wires: [],
      },
    ]);
    const buffer = await editor.drag("delta-buffer", 500, 300);
    await editor.wire("stream", buffer);
    await editor.wire(buffer, "pieces");
    await editor.openDialog(buffer);
    await choosePreset(editor, "paragraph");
    await editor.confirmDialog();
    await editor.deploy();
    await editor.pressInject("ask");
    await editor.status("stream").filter({ hasText: /^done/ }).waitFor();
    await editor.page.locator(".red-ui-debug-msg").nth(1).waitFor();
    const pieces = (await editor.readDebugMessages()).map(({ value }) => value);
    assert.deepEqual(pieces, ['"1, 2, 3, 4, 5."', '""'], "the whole of it, then the last message");
  });
});

async function choosePreset(editor: Editor, preset: string): Promise<void> {
  await editor.getField("delta-buffer-preset").selectOption(preset);
}

/** Checks which of its settings the dialog shows. */
async function assertVisibleSettings(editor: Editor, settings: readonly string[]): Promise<void> {
  for (const setting of [...RULES, "boundary", "pace"]) {
    const seen = await editor.getField(`node-input-${setting}`).isVisible();
    assert.equal(seen, settings.includes(setting), setting);
  }
  assert.notEqual(await editor.getField("delta-buffer-hint").innerText(), "");
}

/** Whether the hints differ enough from what they stand on, by WCAG's ratio for text. */
function areHintsLegible(editor: Editor): Promise<boolean> {
  return editor.page.evaluate(`(() => {
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = (color) => {
      const [red, green, blue] = channels(color).map((value) => {
        const share = value / 255;
        return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const groundOf = (element) => {
      const color = getComputedStyle(element).backgroundColor;
      return channels(color)[3] === 0 ? groundOf(element.parentElement) : color;
    };
    return [...document.querySelectorAll(".chat-form .chat-hint, .chat-form label, .chat-measure span")]
      .filter((element) => element.offsetParent)
      .every((element) => {
        const [text, ground] = [luminance(getComputedStyle(element).color), luminance(groundOf(element))];
        return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05) >= 4.5;
      });
  })()`);
}
