import assert from "node:assert/strict";
import { saveScreenshot } from "../support/runtime/browser.js";
import { ScriptedService } from "../support/services/scripted-service.js";
import { VENICE_KEY, VeniceService } from "../support/services/venice-service.js";
import type { Editor } from "./editor.js";
import { createProviderFlow } from "./flows.js";
import { world } from "./world.js";

/** How the ids of the fields for settings of a service begin. */
const SETTING = "chat-provider-setting-";

describe("Dialog of a provider, by service", function () {
  this.timeout(90_000);
  let service: ScriptedService;
  let venice: VeniceService;
  before(async () => {
    service = await ScriptedService.start();
    venice = new VeniceService(service);
  });
  beforeEach(() => {
    service.reset();
    venice = new VeniceService(service);
  });
  after(() => service.close());

  /** Opens the dialog of a provider through the chat-stream that uses it. */
  const openProvider = async (editor: Editor, id: string) => {
    await editor.openDialog(`stream-${id}`);
    await editor.openConfigDialog("provider", "edit");
  };

  it("marks a provider without a key and its chat-stream before a dialog is opened", async () => {
    const editor = await world.openEditor(
      createProviderFlow({
        bare: { provider: "openai" },
        keyed: { provider: "openai", credentials: { apiKey: "sk-1234567890" } },
        demo: { provider: "demo" },
      }),
    );
    await editor.locateErrorMark("stream-bare").waitFor();
    assert.match((await editor.getProblems("bare"))!.join(), /OpenAI needs an API key/);
    assert.deepEqual((await editor.getInvalidNodes()).map(({ id }) => id).sort(), ["bare", "stream-bare"]);
    await editor.movePointerAway();
    await saveScreenshot(editor.page, "missing-key");
    await openProvider(editor, "bare");
    await editor.getInvalidField("node-config-input-apiKey").waitFor();
    await saveScreenshot(editor.page, "missing-key-dialog");
    await editor.fillField("node-config-input-apiKey", "sk-1234567890");
    await editor.confirmConfigDialog();
    await editor.confirmDialog();
    assert.equal(await editor.getProblems("bare"), undefined);
    await editor.deploy();
    assert.equal(await editor.getProblems("bare"), undefined);
    assert.equal(await editor.getProblems("stream-bare"), undefined);
  });

  it("keeps the settings on the tab of Venice, and shows the balance and what each model can do", async () => {
    const editor = await world.openEditor(
      createProviderFlow({
        v: { provider: "venice", baseUrl: venice.url, credentials: { apiKey: VENICE_KEY } },
      }),
    );
    await openProvider(editor, "v");
    await editor.openTab("Venice");
    await editor.getField(`${SETTING}enable_web_search`).selectOption("on");
    await editor.getField(`${SETTING}enable_web_citations`).check();
    await editor.getField(`${SETTING}include_venice_system_prompt`).uncheck();
    await editor.fillField(`${SETTING}character_slug`, "alan-watts");
    for (const theme of ["light", "dark"] as const) {
      await editor.switchTheme(theme);
      await saveScreenshot(editor.page, theme === "light" ? "venice" : "venice-dark");
    }
    await editor.switchTheme("light");
    await editor.confirmConfigDialog();
    await editor.confirmDialog();
    await editor.deploy();
    const stored = JSON.parse(await world.fetchFlows()) as { id: string; settings?: object }[];
    assert.deepEqual(stored.find(({ id }) => id === "v")!.settings, {
      enable_web_search: "on",
      enable_web_citations: true,
      character_slug: "alan-watts",
      include_venice_system_prompt: false,
    });

    await openProvider(editor, "v");
    await editor.openTab("Venice");
    assert.equal(await editor.getField(`${SETTING}character_slug`).inputValue(), "alan-watts");
    assert.equal(await editor.getField(`${SETTING}enable_web_search`).inputValue(), "on");
    assert.equal(await editor.getField(`${SETTING}include_venice_system_prompt`).isChecked(), false);
    await editor.openTab("Connection");
    await editor.getField("chat-provider-test").click();
    await editor
      .getField("chat-provider-test-result")
      .filter({ hasText: "Connected: 3 models · Balance: 3.2 USD, 10 DIEM" })
      .waitFor();
    await saveScreenshot(editor.page, "venice-connection");
    await editor.confirmConfigDialog();

    await editor.fillField("node-input-model", "");
    await editor.getField("chat-stream-model-list").click();
    await editor.page.getByText("venice-m — vision, tools").waitFor();
    await saveScreenshot(editor.page, "venice-models");
  });

  it("says in the list of models when one of them ends", async () => {
    const data = [{ id: "m-1" }, { id: "m-2", shutdown_date: "2031-05-01" }];
    service.script = (reply) => reply.sendJson(200, { data });
    const editor = await world.openEditor(
      createProviderFlow({ c: { provider: "custom", baseUrl: service.url } }),
    );
    await editor.openDialog("stream-c");
    await editor.fillField("node-input-model", "");
    await editor.getField("chat-stream-model-list").click();
    await editor.page.getByText("m-2 — retires on 2031-05-01").waitFor();
    await editor.page.getByText("m-1", { exact: true }).waitFor();
  });

  it("shows only the fields of the selected service, and keeps typed values while the dialog is open", async () => {
    const editor = await world.openEditor(createProviderFlow({ a: { provider: "azure-openai" } }));
    await openProvider(editor, "a");
    await editor.fillField(`${SETTING}deployment`, "my-gpt");
    await editor.getInvalidField("node-config-input-baseUrl").waitFor();
    await saveScreenshot(editor.page, "azure");
    const select = editor.getField("node-config-input-provider");
    await select.selectOption("venice");
    assert.equal(await editor.getField(`${SETTING}deployment`).count(), 0);
    await editor.page.locator(".chat-form .red-ui-tab").getByText("Venice").waitFor();
    await select.selectOption("demo");
    assert.equal(await editor.page.locator(`[id^="${SETTING}"]`).count(), 0);
    await editor.page.locator(".chat-form .red-ui-tab").getByText("Venice").waitFor({ state: "hidden" });
    await select.selectOption("azure-openai");
    assert.equal(await editor.getField(`${SETTING}deployment`).inputValue(), "my-gpt");
  });

  it("offers the forms of a service that has both, and keeps that of a flow of an earlier version", async () => {
    const credentials = { apiKey: "sk-1234567890" };
    const editor = await world.openEditor(
      createProviderFlow({
        own: { provider: "openai", credentials },
        gateway: { provider: "openai", baseUrl: "https://gateway.example/v1", credentials },
        chosen: { provider: "xai", api: "responses", credentials },
      }),
    );
    const form = editor.getField("node-config-input-api");
    const read = async (id: string) => {
      await openProvider(editor, id);
      return form.inputValue();
    };
    assert.equal(await read("own"), "");
    assert.match((await form.locator("option").first().textContent())!, /Responses/);
    await saveScreenshot(editor.page, "provider-forms");
    await editor.getField("node-config-input-provider").selectOption("anthropic");
    await form.waitFor({ state: "hidden" });
    await editor.cancelConfigDialog();
    await editor.cancelDialog();
    assert.equal(await read("gateway"), "chat");
    await editor.cancelConfigDialog();
    await editor.cancelDialog();
    assert.equal(await read("chosen"), "responses");
  });

  it("marks a missing setting of a service in its field and on the nodes", async () => {
    const editor = await world.openEditor(
      createProviderFlow({ team: { provider: "saas-llm", credentials: { apiKey: "sk-1234567890" } } }),
    );
    await editor.locateErrorMark("stream-team").waitFor();
    await openProvider(editor, "team");
    const invalid = editor.page.locator(`[id^="${SETTING}"].input-error`);
    await invalid.first().waitFor();
    await invalid.first().fill("team-1");
    await invalid.first().waitFor({ state: "detached" });
    await editor.confirmConfigDialog();
    await editor.confirmDialog();
    assert.equal(await editor.getProblems("team"), undefined);
  });
});
