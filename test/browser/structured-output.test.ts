import assert from "node:assert/strict";
import { saveScreenshot } from "../support/runtime/browser.js";
import type { Editor } from "./editor.js";
import { createChatFlow } from "./flows.js";
import { world } from "./world.js";

/** Reads the schema in the dialog of a chat-stream. */
const readSchema = async (editor: Editor) =>
  JSON.parse(await editor.getField("node-input-schema").inputValue());

describe("Structured output in the editor", () => {
  it("keeps the settings on the tab Answer, which offers a schema to start with", async () => {
    const editor = await world.openEditor(createChatFlow({ provider: "demo" }));
    await editor.openDialog("stream");
    await editor.openTab("Answer");
    const schema = editor.page.locator(".chat-stream-schema-row");
    assert.ok(!(await schema.isVisible()));
    await editor.getField("node-input-responseFormat").selectOption("json_schema");
    await schema.locator(".monaco-editor, .ace_editor").first().waitFor();
    assert.match(await editor.getField("chat-stream-format-hint").innerText(), /collect/);
    assert.deepEqual((await readSchema(editor))["required"], ["title", "tags"]);
    assert.ok(
      await editor.getField("node-input-schemaStrict").isChecked(),
      "strict should be the default for older flows",
    );
    await editor.getField("node-input-partial").check();
    await saveScreenshot(editor.page, "chat-stream-answer");
    await editor.switchTheme("dark");
    await saveScreenshot(editor.page, "chat-stream-answer-dark");
    await editor.confirmDialog();
    await editor.deploy();
    const [stream] = JSON.parse(await world.fetchFlows()).filter(({ id }: { id: string }) => id === "stream");
    const { responseFormat, schemaName, schemaStrict, partial } = stream;
    assert.deepEqual(
      [responseFormat, schemaName, schemaStrict, partial],
      ["json_schema", "answer", true, true],
    );
    assert.equal(JSON.parse(stream.schema).type, "object");
  });

  it("marks an invalid schema, its tab and its node, and says what is wrong", async () => {
    const flow = createChatFlow({ provider: "demo" }).map((node) =>
      (node as { id: string }).id === "stream"
        ? {
            ...node,
            responseFormat: "json_schema",
            schema: '{"type": "object", "required": "a"}',
            schemaName: "a b",
          }
        : node,
    );
    const editor = await world.openEditor(flow);
    await editor.locateErrorMark("stream").waitFor();
    assert.match(
      (await editor.getProblems("stream"))!.join("\n"),
      /JSON Schema: [^\n]*required[\s\S]*Schema name:/,
    );
    await editor.openDialog("stream");
    await editor.page.locator(".chat-tab-wrong").getByText("Answer").waitFor();
    await editor.openTab("Answer");
    await editor.page.locator(".chat-schema-problem", { hasText: "required" }).waitFor();
    await editor.getInvalidField("node-input-schemaName").waitFor();
    await saveScreenshot(editor.page, "chat-stream-answer-wrong");
    await editor.getField("node-input-responseFormat").selectOption("json_object");
    await editor.page.locator(".chat-tab-wrong").waitFor({ state: "detached" });
    await editor.confirmDialog();
    assert.deepEqual((await editor.getProblems("stream")) ?? [], []);
  });

  it("shows a schema in the dialog of collect if collect parses JSON", async () => {
    const editor = await world.openEditor(createChatFlow({ provider: "demo" }));
    await editor.openDialog("collect");
    const row = editor.getField("collect-schema-row");
    assert.ok(await row.isVisible());
    await editor.getField("node-input-parse").selectOption("text");
    await row.waitFor({ state: "hidden" });
    await editor.getField("node-input-parse").selectOption("json");
    await row.locator(".monaco-editor, .ace_editor").first().waitFor();
    await saveScreenshot(editor.page, "collect-json");
    await editor.confirmDialog();
    await editor.deploy();
    const [collect] = JSON.parse(await world.fetchFlows()).filter(
      ({ id }: { id: string }) => id === "collect",
    );
    assert.deepEqual([collect.parse, collect.schema], ["json", ""]);
  });
});
