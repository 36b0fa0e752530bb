import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { screenshot } from "../support/runtime/browser.js";
import { example, world } from "./world.js";

describe("the chat page of the example", function () {
  this.timeout(60_000);

  before(() => world.run(example("10 Chat page")));

  it("shows an answer while it arrives, and Stop ends it where it is", async () => {
    const page = await chat();
    await choose(page, "Demo, slow");
    await ask(page, "Tell me a story about a lighthouse.");
    const answer = answers(page).last();
    const lengths: number[] = [];
    for (let step = 0; step < 4; step++) lengths.push(await growth(answer, lengths.at(-1) ?? 0));
    assert.deepEqual(
      lengths,
      [...new Set(lengths)].sort((a, b) => a - b),
    );
    await page.locator("#stop").click();
    await page
      .locator("li.answer .facts")
      .filter({ hasText: /^Stopped/ })
      .waitFor();
    const kept = await answer.textContent();
    assert.ok((kept?.length ?? 0) >= lengths.at(-1)!);
    assert.ok(await page.locator("#send").isVisible());
    // Two more chunks would have come by now.
    await page.waitForTimeout(600);
    assert.equal(await answer.textContent(), kept);
    assert.equal(await page.locator("#stop").isVisible(), false);
  });

  it("keeps the conversation, over a reload too", async () => {
    const page = await chat();
    await ask(page, "My name is Ada.");
    await ended(page, 1);
    await ask(page, "What is my name?");
    await ended(page, 2);
    assert.equal(await answers(page).last().textContent(), "Your name is Ada.");
    await page.reload();
    await page.getByText("Connected", { exact: true }).waitFor();
    assert.equal(await answers(page).count(), 2);
    await ask(page, "What is my name?");
    await ended(page, 3);
    assert.equal(await answers(page).last().textContent(), "Your name is Ada.");
  });

  it("answers two visitors at once, each in his own window", async () => {
    const [one, other] = [await chat(), await chat()];
    await ask(one, "Count to 30.");
    await ask(other, "Why is the sky blue?");
    await growth(answers(one).last(), 0);
    await growth(answers(other).last(), 0);
    await one.locator("#stop").click();
    await ended(one, 1);
    await ended(other, 1);
    const counted = (await answers(one).allTextContents()).join();
    const explained = (await answers(other).allTextContents()).join();
    assert.match(counted, /^[\d, .]+$/);
    assert.match(explained, /sky|light/i);
    assert.doesNotMatch(explained, /\d+, \d+/);
    assert.ok(!(await other.locator("#log").innerText()).includes("Stopped"), "only one was stopped");
  });

  it("K17 shows markup in an answer as the text that it is", async () => {
    const page = await chat();
    const markup = `<img src=x onerror="ran=1"><script>ran=1</script><b>bold</b>`;
    await ask(page, `Repeat: ${markup}`);
    await ended(page, 1);
    assert.ok((await answers(page).last().textContent())?.includes(markup));
    assert.equal(await page.locator("#log :is(img, script, b)").count(), 0);
    assert.equal(await page.evaluate("globalThis.ran"), undefined);
  });

  it("looks as it should in the middle of an answer", async () => {
    const page = await chat();
    await ask(page, "My name is Ada. Who are you?");
    await ended(page, 1);
    await ask(page, "Tell me a story about a lighthouse.");
    await answers(page)
      .last()
      .filter({ hasText: /.{400}/s })
      .waitFor();
    await screenshot(page, "chat-page");
  });
});

async function chat(): Promise<Page> {
  const page = await world.visit("/chat");
  await page.getByText("Connected", { exact: true }).waitFor();
  return page;
}

async function choose(page: Page, model: string): Promise<void> {
  await page.locator("#model").selectOption({ label: model });
}

async function ask(page: Page, question: string): Promise<void> {
  await page.locator("#text").fill(question);
  await page.locator("#send").click();
}

function answers(page: Page): Locator {
  return page.locator("li.answer > .text");
}

/** Waits until so many answers are over. */
async function ended(page: Page, count: number): Promise<void> {
  await page
    .locator("li.answer:not(.streaming)")
    .nth(count - 1)
    .waitFor();
}

/** Waits until an answer is longer than it was. @returns its length */
async function growth(answer: Locator, length: number): Promise<number> {
  await answer.filter({ hasText: new RegExp(`.{${length + 1}}`, "s") }).waitFor();
  return (await answer.textContent())?.length ?? 0;
}
