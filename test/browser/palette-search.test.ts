import assert from "node:assert/strict";
import { type NodeRedProcess, VERSIONS, type Version } from "../support/runtime/node-red-process.js";
import { Editor } from "./editor.js";
import { PACKAGE, world } from "./world.js";

/** What a newcomer types into the filter of the palette, and a node that they should find. */
const SEARCHES = {
  openai: "chat-stream",
  ollama: "chat-in",
  gpt: "chat-stream",
  llm: "chat-stream",
  ai: "budget",
  agent: "tool-call-router",
  mcp: "tool-call-router",
  tts: "speech-stream",
  "delta buffer": "delta-buffer",
};

for (const version of Object.keys(VERSIONS) as Version[])
  describe(`Palette of ${VERSIONS[version].label}`, () => {
    let red: NodeRedProcess;

    before(async () => {
      red = await world.startNodeRedWith([PACKAGE], version);
    });
    after(() => red.stop());

    it("finds the nodes by words that newcomers search for, and shows their names only", async () => {
      const editor = new Editor(await world.browser.newPage(), red.url);
      await editor.open();
      const filter = editor.page.locator("#red-ui-palette-search input");
      const shown = editor.page.locator(".red-ui-palette-node:not([data-filter])");
      const readShown = async (text: string): Promise<string[]> => {
        const inject = '.red-ui-palette-node[data-palette-type="inject"]';
        await editor.page.locator(`${inject}:not([data-filter])`).waitFor({ state: "attached" });
        await filter.pressSequentially(text);
        await editor.page.locator(`${inject}[data-filter]`).waitFor({ state: "attached" });
        const types = await shown.evaluateAll((entries) =>
          entries.map((entry) => entry.getAttribute("data-palette-type")!),
        );
        await editor.page.locator("#red-ui-palette-search .red-ui-searchBox-clear").click();
        return types;
      };
      for (const [text, type] of Object.entries(SEARCHES))
        assert.ok((await readShown(text)).includes(type), `“${text}” should find ${type}`);
      const nodes = ["chat-stream", "retry", "tool-call-router", "delta-buffer", "collect", "budget"];
      const found = await readShown("chat");
      assert.deepEqual(
        nodes.filter((type) => !found.includes(type)),
        [],
      );
      assert.match((await editor.locatePaletteNode("chat-stream").textContent())!, /^\s*chat\s+stream\s*$/);
    });
  });
