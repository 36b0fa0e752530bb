import assert from "node:assert/strict";
import { saveScreenshot } from "../support/runtime/browser.js";
import { ScriptedService } from "../support/services/scripted-service.js";
import { createChatFlow } from "./flows.js";
import { world } from "./world.js";

/** Secrets that occur nowhere by chance. */
const KEY = "sk-canary-7Q2xVb93LmZt";
const HEADER_VALUE = "hush-canary-51RkWd8";

describe("Secrets and markup in the editor", () => {
  let service: ScriptedService;

  beforeEach(async () => {
    service = await ScriptedService.start();
  });
  afterEach(() => service.close());

  it("K06 sends a key and a secret header to the service, and never shows them in flows, export or dialog", async () => {
    service.script = (reply) => reply.sendJson(200, { data: [{ id: "model-1" }] });
    const editor = await world.openEditor();
    const { page } = editor;
    const stream = await editor.drag("chat-stream", 300, 140);
    await editor.openDialog(stream);
    await editor.openConfigDialog("provider", "add");
    await editor.getField("node-config-input-provider").selectOption("openai");
    await editor.fillField("node-config-input-apiKey", KEY);
    await saveScreenshot(page, "chat-provider-dialog");
    await editor.fillField("node-config-input-baseUrl", service.url);
    await editor.openTab("Headers");
    await page.locator("#chat-provider-headers .red-ui-editableList-addButton").click();
    await page.locator(".chat-header input[type=checkbox]").check();
    await page.locator(".chat-header input").first().fill("x-hush");
    await page.locator(".chat-header input[type=password]").fill(HEADER_VALUE);
    await page.locator(".chat-header input[type=password]").press("End");
    await editor.confirmConfigDialog();
    await editor.confirmDialog();
    await editor.deploy();
    // Dragging the chat-stream has added a demo first.
    const provider = (await editor.getIds("chat-provider")).at(-1)!;

    const assertNoSecret = (text: string, where: string) => {
      for (const secret of [KEY, HEADER_VALUE])
        assert.ok(!text.includes(secret), `${where} should not contain a secret`);
    };
    assertNoSecret(await world.fetchFlows(), "GET /flows");
    const credentials = await page.request.get(`${world.url}/credentials/chat-provider/${provider}`);
    assert.equal(JSON.parse(await credentials.text()).has_apiKey, true);
    assertNoSecret(await credentials.text(), "GET /credentials");
    const exported = await editor.readExport();
    assert.ok(exported.includes(provider), exported.slice(0, 500));
    assertNoSecret(exported, "the export");

    for (const opened of ["before a reload", "after a reload"]) {
      if (opened === "after a reload") {
        await page.reload();
        await editor.waitUntilReady();
      }
      await editor.openDialog(stream);
      await editor.openConfigDialog("provider", "edit");
      await editor.openTab("Headers");
      await editor.getField("chat-provider-stored").waitFor();
      await editor.openTab("Connection");
      assert.equal(await editor.getField("node-config-input-apiKey").inputValue(), "__PWRD__");
      assertNoSecret(await editor.readWholePage(), `the page ${opened}`);
    }

    await editor.getField("chat-provider-test").click();
    await editor
      .getField("chat-provider-test-result")
      .getByText(/^Connected: 1 model/)
      .waitFor();
    const { headers } = service.requests.at(-1)!;
    assert.equal(headers.authorization, `Bearer ${KEY}`);
    assert.equal(headers["x-hush"], HEADER_VALUE);
  });

  it("K11 shows the name of a model as text, in the list, on the node and in the sidebar", async () => {
    const markup = `<img src=x onerror="globalThis.ran=1">`;
    service.script = (reply, { method }) =>
      method === "GET"
        ? reply.sendJson(200, {
            data: [{ id: markup }, { id: `</option><script>ran=1</script>` }, { id: "plain" }],
          })
        : reply.say("Hello");
    const editor = await world.openEditor(
      createChatFlow({ provider: "custom", name: `${markup} here`, baseUrl: service.url }, ""),
    );
    const { page } = editor;
    await editor.openDialog("stream");
    await editor.getField("chat-stream-model-list").click();
    const offered = page.locator(".red-ui-autoComplete-container:visible");
    await offered.getByText(markup, { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await editor.getField("node-input-model").pressSequentially("<img");
    await offered.getByText(markup, { exact: true }).click();
    assert.equal(await editor.getField("node-input-model").inputValue(), markup);
    await editor.confirmDialog();
    await editor.deploy();
    await editor.pressInject("ask");
    await editor.waitForDebug("Answer", /Hello/);
    await editor.select("stream");
    await editor.locateNode("stream").getByText(markup).waitFor();
    await editor.movePointerAway();
    assert.equal(service.requests.at(-1)?.body["model"], markup);
    assert.equal(await page.locator("img[src='x']").count(), 0);
    assert.equal(await page.evaluate("globalThis.ran"), undefined);
  });
});
