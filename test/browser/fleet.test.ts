import assert from "node:assert/strict";
import { EXAMPLES } from "../support/flows/examples.js";
import { saveScreenshot } from "../support/runtime/browser.js";
import { world } from "./world.js";

describe("Fleet in the editor", function () {
  this.timeout(90_000);
  const { nodes } = EXAMPLES.find(({ title }) => title === "A front and a worker")!;
  const getId = (name: string) => nodes.find((node) => node.name === name)!.id;

  it("shows broker and topic in the dialogs of a front and a worker, and nothing that only a web address needs", async () => {
    const editor = await world.openEditor(nodes);
    await saveScreenshot(editor.page, "fleet-canvas");

    await editor.openDialog(getId("Ask"));
    await editor.openConfigDialog("provider", "edit");
    assert.ok(await editor.getField("node-config-input-topic").isVisible());
    assert.equal(
      await editor.page.locator("#node-config-input-broker option:checked").textContent(),
      "Broker",
    );
    for (const id of ["baseUrl", "apiKey", "proxy"])
      assert.equal(await editor.getField(`node-config-input-${id}`).isVisible(), false, id);
    await saveScreenshot(editor.page, "fleet-front");
    await editor.page.locator("#chat-provider-test").click();
    await editor.page.getByText(/The broker is not connected/).waitFor();
    await saveScreenshot(editor.page, "fleet-front-test");
    await editor.cancelConfigDialog();
    await editor.cancelDialog();

    await editor.openDialog(getId("Requests"));
    await editor.openConfigDialog("endpoint", "edit");
    assert.ok(await editor.getField("node-config-input-topic").isVisible());
    assert.ok(await editor.getField("node-config-input-maxCalls").isVisible());
    assert.equal(await editor.getField("node-config-input-path").isVisible(), false);
    await saveScreenshot(editor.page, "fleet-worker");
    await editor.page.locator("#chat-endpoint-use-broker").uncheck();
    assert.ok(await editor.getField("node-config-input-path").isVisible());
    assert.equal(await editor.getField("node-config-input-topic").isVisible(), false);
  });
});
