import assert from "node:assert/strict";
import type { NodeRedProcess } from "../support/runtime/node-red-process.js";
import { packInto, type Tarball } from "../support/runtime/tarball.js";
import { Editor } from "./editor.js";
import { world } from "./world.js";

describe("Palette manager", function () {
  this.timeout(90_000);
  let red: NodeRedProcess;
  let tarball: Tarball;

  before(async () => {
    const starting = world.startNodeRedWithoutPackage();
    tarball = packInto(world.createFolder());
    red = await starting;
  });
  after(() => red.stop());

  it("installs the package from an upload, and its nodes work without a restart", async () => {
    const editor = new Editor(await world.browser.newPage(), red.url);
    await editor.open();
    assert.equal(await editor.locatePaletteNode("chat-stream").count(), 0);
    await editor.uploadTarball(tarball.path);
    await editor.locatePaletteNode("chat-stream").waitFor({ timeout: 60_000 });
    await editor.locatePaletteNode("collect").waitFor();
    await editor.closeSettings();
    assert.deepEqual(await editor.getComplaints(), []);
    await editor.invokeAction("chat-stream:show-streams-tab");
    await editor.page.locator(".chat-streams").getByText("No stream is running.").waitFor();

    const stream = await editor.drag("chat-stream", 400, 140);
    await editor.openDialog(stream);
    await editor.openConfigDialog("provider", "add");
    await editor.confirmConfigDialog();
    await editor.confirmDialog();
    await editor.deploy();
    await editor.openDialog(stream);
    await editor.getField("chat-stream-model-list").click();
    await editor.page
      .locator(".red-ui-autoComplete-container:visible")
      .getByText("demo", { exact: true })
      .waitFor();
  });
});
