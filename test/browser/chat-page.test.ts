import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { findExample } from "../support/flows/examples.js";
import { saveScreenshot } from "../support/runtime/browser.js";
import { waitForGrowth, world } from "./world.js";

describe("Example of a chat page in a browser", function () {
  this.timeout(60_000);

  before(() => world.deployFlows(findExample("Chat page").nodes));

  it("shows an answer while it arrives, and keeps what is there when Stop is pressed", async () => {
    const page = await openChat();
    await chooseModel(page, "Demo, slow");
    await sendQuestion(page, "Tell me a story about a lighthouse.");
    const answer = getAnswers(page).last();
    const lengths: number[] = [];
    for (let step = 0; step < 4; step++) lengths.push(await waitForGrowth(answer, lengths.at(-1) ?? 0));
    assert.deepEqual(
      lengths,
      [...new Set(lengths)].sort((a, b) => a - b),
    );
    await page.locator("#stop").click();
    await page
      .locator("li.answer .facts")
      .filter({ hasText: /^Stopped/ })
      .waitFor();
    const stopped = await answer.textContent();
    assert.ok((stopped?.length ?? 0) >= lengths.at(-1)!);
    assert.ok(await page.locator("#send").isVisible());
    // Two more chunks would have arrived by now.
    await page.waitForTimeout(600);
    assert.equal(await answer.textContent(), stopped);
    assert.equal(await page.locator("#stop").isVisible(), false);
  });

  it("keeps the conversation when the page is reloaded", async () => {
    const page = await openChat();
    await sendQuestion(page, "My name is Ada.");
    await waitForAnswers(page, 1);
    await sendQuestion(page, "What is my name?");
    await waitForAnswers(page, 2);
    assert.equal(await getAnswers(page).last().textContent(), "Your name is Ada.");
    await page.reload();
    await page.getByText("Connected", { exact: true }).waitFor();
    assert.equal(await getAnswers(page).count(), 2);
    await sendQuestion(page, "What is my name?");
    await waitForAnswers(page, 3);
    assert.equal(await getAnswers(page).last().textContent(), "Your name is Ada.");
  });

  it("answers two visitors at once, each in their own window", async () => {
    const [one, other] = [await openChat(), await openChat()];
    await sendQuestion(one, "Count to 30.");
    await sendQuestion(other, "Why is the sky blue?");
    await waitForGrowth(getAnswers(one).last(), 0);
    await waitForGrowth(getAnswers(other).last(), 0);
    await one.locator("#stop").click();
    await waitForAnswers(one, 1);
    await waitForAnswers(other, 1);
    const counted = (await getAnswers(one).allTextContents()).join();
    const explained = (await getAnswers(other).allTextContents()).join();
    assert.match(counted, /^[\d, .]+$/);
    assert.match(explained, /sky|light/i);
    assert.doesNotMatch(explained, /\d+, \d+/);
    assert.ok(
      !(await other.locator("#log").innerText()).includes("Stopped"),
      "only the first answer should be stopped",
    );
  });

  it("K17 shows markup in an answer of the chat page as text", async () => {
    const page = await openChat();
    const markup = `<img src=x onerror="ran=1"><script>ran=1</script><b>bold</b>`;
    await sendQuestion(page, `Repeat: ${markup}`);
    await waitForAnswers(page, 1);
    assert.ok((await getAnswers(page).last().textContent())?.includes(markup));
    assert.equal(await page.locator("#log :is(img, script, b)").count(), 0);
    assert.equal(await page.evaluate("globalThis.ran"), undefined);
  });

  it("takes a screenshot of the chat page in the middle of an answer", async () => {
    const page = await openChat();
    await sendQuestion(page, "My name is Ada. Who are you?");
    await waitForAnswers(page, 1);
    await sendQuestion(page, "Tell me a story about a lighthouse.");
    await getAnswers(page)
      .last()
      .filter({ hasText: /.{400}/s })
      .waitFor();
    await saveScreenshot(page, "chat-page");
  });
});

async function openChat(): Promise<Page> {
  const page = await world.openPage("/chat");
  await page.getByText("Connected", { exact: true }).waitFor();
  return page;
}

async function chooseModel(page: Page, model: string): Promise<void> {
  await page.locator("#model").selectOption({ label: model });
}

async function sendQuestion(page: Page, question: string): Promise<void> {
  await page.locator("#text").fill(question);
  await page.locator("#send").click();
}

function getAnswers(page: Page): Locator {
  return page.locator("li.answer > .text");
}

/** Waits until `count` answers have ended. */
async function waitForAnswers(page: Page, count: number): Promise<void> {
  await page
    .locator("li.answer:not(.streaming)")
    .nth(count - 1)
    .waitFor();
}
