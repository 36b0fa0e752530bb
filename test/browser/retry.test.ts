import assert from "node:assert/strict";
import { saveScreenshot } from "../support/runtime/browser.js";
import { PACKAGE, world } from "./world.js";

describe("retry in the editor", () => {
  it("shows retry in the palette with its icon, and labels its three outputs", async () => {
    const editor = await world.openEditor();
    const icon = await editor.readIconStyle("retry");
    assert.ok(icon.includes(`icons/${PACKAGE}/chat-retry.svg`), icon);
    const retry = await editor.drag("retry", 400, 200);
    const ports = editor.locateNode(retry).locator(".red-ui-flow-port-output");
    assert.equal(await ports.count(), 3);
    for (const [at, label] of ["the stream", "retry:", "fallback:"].entries())
      await editor.readTooltip(ports.nth(at), new RegExp(label));
  });

  it("asks how to continue only if retry continues answers, and says what each choice costs", async () => {
    const editor = await world.openEditor();
    const retry = await editor.drag("retry", 400, 200);
    await editor.openDialog(retry);
    const continueBy = editor.getField("node-input-continueBy");
    const hint = editor.getField("retry-afterText-hint");
    assert.ok(await continueBy.isVisible());
    assert.match(await hint.innerText(), /billed/);
    await saveScreenshot(editor.page, "retry-dialog");
    await editor.getField("node-input-afterText").selectOption("restart");
    assert.ok(!(await continueBy.isVisible()));
    assert.match(await hint.innerText(), /whole answer is billed again/);
    await editor.getField("node-input-afterText").selectOption("stop");
    assert.ok(!(await continueBy.isVisible()));
    await editor.confirmDialog();
    await editor.openDialog(retry);
    assert.equal(await editor.getField("node-input-afterText").inputValue(), "stop");
    await editor.cancelDialog();
  });

  it("marks and names the settings of retry that are not valid numbers", async () => {
    const editor = await world.openEditor();
    const retry = await editor.drag("retry", 400, 200);
    await editor.openDialog(retry);
    for (const [setting, value] of [
      ["attempts", "0"],
      ["delay", "soon"],
      ["maxDelay", ""],
    ]) {
      await editor.getField(`node-input-${setting}`).fill(value!);
      await editor.page.keyboard.press("Tab");
      await editor.getInvalidField(`node-input-${setting}`).waitFor();
    }
    await editor.confirmDialog();
    const problems = (await editor.getProblems(retry))!.join("\n");
    for (const name of ["Attempts", "First wait", "Longest wait"]) assert.match(problems, new RegExp(name));
  });
});
