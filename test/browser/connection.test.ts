import assert from "node:assert/strict";
import { findFreePort } from "../support/runtime/node-red-process.js";
import { ScriptedService } from "../support/services/scripted-service.js";
import type { Editor } from "./editor.js";
import { createProviderFlow } from "./flows.js";
import { world } from "./world.js";

describe("Test connection in the dialog of a provider", () => {
  let service: ScriptedService;
  let editor: Editor;
  let closedPort: number;

  before(async () => {
    service = await ScriptedService.start();
    service.script = (reply, { path }) =>
      path === "/v1/models"
        ? reply.sendText(200, "text/html", "<!doctype html><title>Intranet</title><body>Sign in</body>")
        : reply.sendJson(404, { detail: "Not Found" });
    closedPort = await findFreePort();
    editor = await world.openSharedEditor(
      createProviderFlow({
        closed: { provider: "custom", baseUrl: `http://127.0.0.1:${closedPort}/v1` },
        page: { provider: "custom", baseUrl: service.url },
        lost: { provider: "custom", baseUrl: `${service.url}/api` },
      }),
    );
  });
  after(async () => {
    await editor.page.close();
    await service.close();
  });

  it("says in one line what to change if the base URL is wrong", async () => {
    for (const [id, advice] of [
      ["closed", new RegExp(`^127\\.0\\.0\\.1:${closedPort} refuses connections\\. Is the service running`)],
      ["page", /text\/html.*Check the base URL/],
      ["lost", /gives no list of models \(404\)\. Chat may still work, if the base URL is right/],
    ] as const) {
      await editor.openDialog(`stream-${id}`);
      await editor.openConfigDialog("provider", "edit");
      assert.match(await testConnection(editor), advice);
      await editor.confirmConfigDialog();
      await editor.cancelDialog();
    }
  });

  it("tests a provider that is not deployed yet, and forgets the result as soon as a setting changes", async () => {
    const stream = await editor.drag("chat-stream", 600, 140);
    await editor.openDialog(stream);
    await editor.openConfigDialog("provider", "add");
    await editor.fillField("node-config-input-name", "Demo");
    const result = editor.getField("chat-provider-test-result");
    assert.match(await testConnection(editor), /^Connected: \d+ models$/);
    // A password manager fills a field without any key.
    await editor.getField("node-config-input-demoPace").fill("50");
    // An empty result takes no room on the page.
    await result.filter({ hasText: /^$/ }).waitFor({ state: "attached" });
  });
});

/** Presses the button. @returns the result beside it, which must be one line */
async function testConnection(editor: Editor): Promise<string> {
  await editor.page.locator("#chat-provider-test:enabled").click();
  const result = editor.page.locator(
    "#chat-provider-test-result:is(.chat-right, .chat-wrong, .chat-warning)",
  );
  await result.waitFor();
  const text = await result.innerText();
  assert.ok(!text.includes("\n"), text);
  return text;
}
