import assert from "node:assert/strict";
import { saveScreenshot } from "../support/runtime/browser.js";
import { createDebug, createNotesFlow } from "./flows.js";
import { world } from "./world.js";

describe("MCP servers in the editor", function () {
  this.timeout(90_000);

  it("tests a server in its dialog, and keeps the wires of a row's output when it loses its approval", async () => {
    const editor = await world.openEditor([
      ...createNotesFlow({
        tools: [{ name: "a", description: "A" }],
        mcp: [{ server: "server", tools: "*", prefix: "", approve: true }],
        servers: ["server"],
        otherTools: true,
        outputs: 5,
        wires: [[], [], ["a"], ["ask"], ["others"]],
      }),
      createDebug("a", { x: 600, y: 100 }),
      createDebug("ask", { x: 600, y: 200 }),
      createDebug("others", { x: 600, y: 300 }),
    ]);
    const readWires = () =>
      editor.page.evaluate(
        `RED.nodes.filterLinks({ source: { id: "router" } }).map(({ sourcePort, target }) => Number(sourcePort) + 1 + " " + target.id).sort()`,
      );
    assert.deepEqual(await readWires(), ["3 a", "4 ask", "5 others"]);
    await editor.openDialog("router");
    const row = editor.page.locator("#tool-call-router-mcp-list .chat-tool");
    await row.getByText("output 4").waitFor();
    await saveScreenshot(editor.page, "tool-call-router-mcp");
    await row.locator("a[id$='-edit']").click();
    await editor.page.locator("#mcp-server-test").waitFor();
    await editor.page.locator("#mcp-server-test").click();
    await editor.page
      .getByText(/Connected: demo notes 1\.0\.0 .*list_notes, read_note, delete_note/)
      .waitFor();
    await saveScreenshot(editor.page, "mcp-server");
    // What stands in the dialog is tested, deployed or not.
    const result = editor.getField("mcp-server-test-result");
    await editor.getField("node-config-input-command").fill("no-such-program");
    await result.filter({ hasText: /^$/ }).waitFor({ state: "attached" });
    await editor.page.locator("#mcp-server-test").click();
    await result.getByText(/no program “no-such-program”/).waitFor();
    await editor.getField("node-config-input-command").fill(process.execPath);
    await editor.getField("node-config-input-args").fill("-e\nconsole.error('no key is set')");
    await editor.page.locator("#mcp-server-test").click();
    await result.getByText(/The last lines of its log:\s+no key is set/).waitFor();
    await saveScreenshot(editor.page, "mcp-server-log");
    await editor.cancelConfigDialog();
    await row.getByRole("checkbox").uncheck();
    await editor.confirmDialog();
    assert.deepEqual(await readWires(), ["3 a", "4 others"]);
    assert.equal(await editor.getProblems("router"), undefined);
    assert.equal(await editor.page.evaluate(`RED.nodes.node("server").users.length`), 1);
  });

  it("marks a new row until it has a server", async () => {
    const editor = await world.openEditor(createNotesFlow());
    await editor.openDialog("router");
    await editor.page.getByText("add tools of an MCP server").click();
    const server = editor.page.locator("#tool-call-router-mcp-list select");
    const marked = editor.page.locator("#tool-call-router-mcp-list select.input-error");
    await marked.waitFor();
    await server.selectOption("server");
    await marked.waitFor({ state: "detached" });
    await editor.confirmDialog();
    assert.equal(await editor.getProblems("router"), undefined);
  });
});
