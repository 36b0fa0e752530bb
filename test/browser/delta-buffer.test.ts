import assert from "node:assert/strict";
import { screenshot } from "../support/runtime/browser.js";
import type { Editor } from "./editor.js";
import { chatFlow } from "./flows.js";
import { PACKAGE, world } from "./world.js";

const RULES = ["milliseconds", "count", "characters"];

describe("delta-buffer in the editor", function () {
  this.timeout(60_000);

  it("stands in the palette with its icon, and says what goes in and what comes out", async () => {
    const editor = await world.editor();
    const entry = editor.paletteNode("delta-buffer");
    const icon = await entry.locator(".red-ui-palette-icon").getAttribute("style");
    assert.ok(icon?.includes(`icons/${PACKAGE}/delta-buffer.svg`), icon ?? "no icon");
    const buffer = await editor.drag("delta-buffer", 400, 200);
    await editor.hint(editor.node(buffer).locator(".red-ui-flow-port-input"), /a stream/);
    await editor.hint(editor.node(buffer).locator(".red-ui-flow-port-output"), /fewer messages/);
    assert.equal(await editor.problems(buffer), undefined);
  });

  it("asks for what there is to say only, and fills in what a choice means", async () => {
    const editor = await world.editor();
    await editor.edit(await editor.drag("delta-buffer", 400, 200));
    assert.equal(await editor.field("delta-buffer-preset").inputValue(), "time");
    await shows(editor, []);
    await choose(editor, "smooth");
    await shows(editor, ["pace"]);
    await choose(editor, "sentence");
    await shows(editor, []);
    await choose(editor, "own");
    await shows(editor, [...RULES, "boundary"]);
    assert.equal(await editor.field("node-input-boundary").inputValue(), "sentence");
    assert.equal(await editor.field("node-input-milliseconds").inputValue(), "");
    await editor.cancel();
  });

  it("keeps each choice: it stands there when the dialog is opened again", async () => {
    const editor = await world.editor();
    const buffer = await editor.drag("delta-buffer", 400, 200);
    const kept: Record<string, Record<string, unknown>> = {
      word: { milliseconds: "", boundary: "word", smooth: false },
      sentence: { milliseconds: "", boundary: "sentence", smooth: false },
      paragraph: { milliseconds: "", boundary: "paragraph", smooth: false },
      smooth: { smooth: true, pace: "20" },
      time: { milliseconds: "50", boundary: "none", smooth: false },
    };
    for (const [preset, properties] of Object.entries(kept)) {
      await editor.edit(buffer);
      await choose(editor, preset);
      if (preset === "smooth") await editor.fill("node-input-pace", "20");
      await editor.done();
      assert.deepEqual(await editor.properties(buffer, Object.keys(properties)), properties);
      await editor.edit(buffer);
      assert.equal(await editor.field("delta-buffer-preset").inputValue(), preset);
      await editor.cancel();
    }
  });

  it("keeps rules of one's own, and does not take them for one of the others", async () => {
    const editor = await world.editor();
    const buffer = await editor.drag("delta-buffer", 400, 200);
    await editor.edit(buffer);
    await choose(editor, "own");
    await editor.fill("node-input-milliseconds", "50");
    await editor.fill("node-input-characters", "80");
    await editor.field("node-input-boundary").selectOption("line");
    for (const theme of ["light", "dark"] as const) {
      await editor.theme(theme);
      await screenshot(editor.page, theme === "light" ? "delta-buffer-dialog" : "delta-buffer-dialog-dark");
      assert.ok(await legible(editor), `the hints can be read in the ${theme} theme`);
    }
    await editor.theme("light");
    await editor.done();
    await editor.edit(buffer);
    assert.equal(await editor.field("delta-buffer-preset").inputValue(), "own");
    assert.deepEqual(
      await Promise.all(
        [...RULES, "boundary"].map((rule) => editor.field(`node-input-${rule}`).inputValue()),
      ),
      ["50", "", "80", "line"],
    );
    await editor.cancel();
  });

  it("wants numbers, names the one that is none, and takes an environment variable for one", async () => {
    const editor = await world.editor();
    const buffer = await editor.drag("delta-buffer", 400, 200);
    await editor.edit(buffer);
    await choose(editor, "own");
    for (const [rule, value] of [
      ["milliseconds", "soon"],
      ["count", "2.5"],
      ["characters", "-1"],
    ]) {
      await editor.fill(`node-input-${rule}`, value!);
      await editor.wrong(`node-input-${rule}`).waitFor();
    }
    await editor.done();
    await editor.mark(buffer).waitFor();
    assert.deepEqual(await editor.problems(buffer), [
      "Milliseconds: a number from 0 up; 0 or empty is off",
      "Chunks: a whole number from 0 up; 0 or empty is off",
      "Characters: a whole number from 0 up; 0 or empty is off",
    ]);
    await editor.edit(buffer);
    for (const [rule, value] of [
      ["milliseconds", "$" + "{HOLD}"],
      ["count", ""],
      ["characters", "80"],
    ]) {
      await editor.fill(`node-input-${rule}`, value!);
      await editor.wrong(`node-input-${rule}`).waitFor({ state: "detached" });
    }
    await editor.done();
    assert.equal(await editor.problems(buffer), undefined);
  });

  it("wants a pace that is one, where there is to be one", async () => {
    const editor = await world.editor();
    await editor.edit(await editor.drag("delta-buffer", 400, 200));
    await choose(editor, "smooth");
    await editor.fill("node-input-pace", "0");
    await editor.wrong("node-input-pace").waitFor();
    await choose(editor, "word");
    await editor.wrong("node-input-pace").waitFor({ state: "detached" });
    await editor.cancel();
  });

  it("drawn into a flow, makes fewer messages of the stream that runs through it", async () => {
    const flow = chatFlow({ provider: "demo" }).filter(
      (node) => !["collect", "answer"].includes((node as { id: string }).id),
    ) as Record<string, unknown>[];
    for (const node of flow) if (node["id"] === "stream") node["wires"] = [[]];
    const editor = await world.editor([
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
    await editor.edit(buffer);
    await choose(editor, "paragraph");
    await editor.done();
    await editor.deploy();
    await editor.press("ask");
    await editor.status("stream").filter({ hasText: /^done/ }).waitFor();
    await editor.page.locator(".red-ui-debug-msg").nth(1).waitFor();
    const pieces = (await editor.debugMessages()).map(({ value }) => value);
    assert.deepEqual(pieces, ['"1, 2, 3, 4, 5."', '""'], "the whole of it, then the last message");
  });
});

async function choose(editor: Editor, preset: string): Promise<void> {
  await editor.field("delta-buffer-preset").selectOption(preset);
}

/** Checks which of its settings the dialog shows. */
async function shows(editor: Editor, settings: readonly string[]): Promise<void> {
  for (const setting of [...RULES, "boundary", "pace"]) {
    const seen = await editor.field(`node-input-${setting}`).isVisible();
    assert.equal(seen, settings.includes(setting), setting);
  }
  assert.notEqual(await editor.field("delta-buffer-hint").innerText(), "");
}

/** Whether the hints differ enough from what they stand on, by WCAG's ratio for text. */
function legible(editor: Editor): Promise<boolean> {
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
