import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { findExample } from "../support/flows/examples.js";
import { saveScreenshot } from "../support/runtime/browser.js";
import { ENDLESS, waitForGrowth, world } from "./world.js";

describe("Example of a chat page in a browser", () => {
  before(() => world.deployFlows(findExample("Chat page").nodes));

  it("shows an answer while it arrives, and keeps what is there when Stop is pressed", async () => {
    const page = await openChat();
    await chooseModel(page, "Demo, slow");
    await sendQuestion(page, ENDLESS);
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
    assert.equal(await readLast(page), "Your name is Ada.");
    await page.reload();
    await page.getByText("Connected", { exact: true }).waitFor();
    assert.equal(await getAnswers(page).count(), 2);
    await sendQuestion(page, "What is my name?");
    await waitForAnswers(page, 3);
    assert.equal(await readLast(page), "Your name is Ada.");
  });

  it("goes on with an answer when the page is reloaded in the middle of it", async () => {
    const page = await openChat();
    await sendQuestion(page, "Count to 60.");
    await waitForGrowth(getAnswers(page).last(), 20);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await page.reload();
    await waitForAnswers(page, 1);
    assert.match(await readLast(page), /^1, 2, 3,[\d, ]* 59, 60\.$/);
    assert.ok(!asked.includes("POST /chat/api/ui"), asked.join());
    await page.reload();
    await page.getByText("Connected", { exact: true }).waitFor();
    assert.match(await readLast(page), /60\.$/);
  });

  it("answers two visitors at once, each in their own window", async () => {
    const [one, other] = [await openChat(), await openChat()];
    await sendQuestion(one, ENDLESS);
    await sendQuestion(other, "Why is the sky blue?");
    await waitForGrowth(getAnswers(one).last(), 0);
    await waitForGrowth(getAnswers(other).last(), 0);
    await one.locator("#stop").click();
    await waitForAnswers(one, 1);
    await waitForAnswers(other, 1);
    const counted = (await getAnswers(one).allTextContents()).join();
    const explained = (await getAnswers(other).allTextContents()).join();
    assert.match(counted, /^[\d, .\n]+$/);
    assert.match(explained, /sky|light/i);
    assert.doesNotMatch(explained, /\d+, \d+/);
    assert.ok(
      !(await other.locator("#log").innerText()).includes("Stopped"),
      "only the first answer should be stopped",
    );
  });

  it("K17 shows markup in an answer of the chat page as text, and runs and loads nothing of it", async () => {
    const page = await openChat();
    const markup = `<img src=x onerror="ran=1"><script>ran=1</script><b>bold</b>`;
    const loaded: string[] = [];
    page.on("request", (request) => loaded.push(request.url()));
    await sendQuestion(
      page,
      `Repeat: ${markup} ![p](https://evil.example/p.png) [a](javascript:ran=1) [b](https://b.example) **strong**`,
    );
    await waitForAnswers(page, 1);
    const answer = getAnswers(page).last();
    assert.ok((await answer.textContent())?.includes(markup));
    assert.equal(await page.locator("#log :is(img, script, b, iframe)").count(), 0);
    assert.equal(await page.evaluate("globalThis.ran"), undefined);
    assert.equal(await answer.locator("strong").textContent(), "strong");
    const links = await answer.locator("a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    assert.deepEqual(links, ["https://evil.example/p.png", null, "https://b.example"]);
    assert.deepEqual(
      loaded.filter((url) => url.includes("evil")),
      [],
    );
  });

  it("renders code with a button that copies it, and a table", async () => {
    const page = await openChat();
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await sendQuestion(page, "Repeat: ```js\nconst a = 1 < 2;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |");
    await waitForAnswers(page, 1);
    const answer = getAnswers(page).last();
    assert.equal(await answer.locator("td").count(), 2);
    await answer.locator("pre button").click();
    await answer.getByText("Copied").waitFor();
    assert.equal(await page.evaluate("navigator.clipboard.readText()"), "const a = 1 < 2;\n");
  });

  it("folds thoughts, and shows the tools that the flow runs", async () => {
    const page = await openChat();
    await sendQuestion(page, "What is the weather in Paris?");
    await waitForAnswers(page, 1);
    const tool = page.locator("details.tool");
    assert.equal(await tool.locator("summary").textContent(), "get_weather · done");
    assert.equal(await tool.locator(".plain").isVisible(), false);
    await tool.locator("summary").click();
    assert.match((await tool.locator(".plain").textContent()) ?? "", /"city":"Paris"\}\n→ \{"celsius":\d+/);
    await chooseModel(page, "Demo that thinks");
    await sendQuestion(page, "Why is the sky blue?");
    await waitForAnswers(page, 2);
    assert.equal(await page.locator("details.reasoning summary").textContent(), "Thoughts");
    await saveScreenshot(page, "chat-page-tools");
  });

  it("asks again after an error, and takes a question back to edit it", async () => {
    const page = await openChat();
    await chooseModel(page, "Demo that breaks off");
    await sendQuestion(page, "Tell me a story.");
    await page.locator(".failure").waitFor();
    assert.match(
      (await page.locator(".failure").textContent()) ?? "",
      /^The answer broke off\. Try again\.$/,
    );
    await chooseModel(page, "Demo");
    await page.getByText("Again", { exact: true }).click();
    await waitForAnswers(page, 1);
    assert.equal(await page.locator(".failure").count(), 0);
    await page.getByText("Edit", { exact: true }).click();
    assert.equal(await page.locator("#text").inputValue(), "Tell me a story.");
    await sendQuestion(page, "What is 12 * 12?");
    await waitForAnswers(page, 1);
    assert.equal(await readLast(page), "12 × 12 = 144.");
    assert.equal(await page.locator("li.mine").count(), 1);
  });

  it("takes screenshots of the chat page: in the middle of an answer, in the dark, and on a phone", async () => {
    const page = await openChat();
    await sendQuestion(page, "My name is Ada. Who are you?");
    await waitForAnswers(page, 1);
    await sendQuestion(page, "Tell me a story about a lighthouse.");
    await getAnswers(page)
      .last()
      .filter({ hasText: /.{400}/s })
      .waitFor();
    await saveScreenshot(page, "chat-page");
    await page.emulateMedia({ colorScheme: "dark" });
    await waitForAnswers(page, 2);
    await sendQuestion(page, "Repeat: A **list**:\n\n- one\n- `two`\n\n```js\nconst answer = 42;\n```");
    await waitForAnswers(page, 3);
    await saveScreenshot(page, "chat-page-dark");
    await page.setViewportSize({ width: 390, height: 844 });
    await saveScreenshot(page, "chat-page-phone");
    const width = await page.evaluate("document.documentElement.scrollWidth");
    assert.equal(width, 390);
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
  return page.locator("li.answer .markdown");
}

async function readLast(page: Page): Promise<string> {
  return ((await getAnswers(page).last().textContent()) ?? "").trim();
}

/** Waits until `count` answers have ended. */
async function waitForAnswers(page: Page, count: number): Promise<void> {
  await page
    .locator("li.answer:not(.streaming)")
    .nth(count - 1)
    .waitFor();
  await page.locator("li.answer.streaming").waitFor({ state: "detached" });
}
