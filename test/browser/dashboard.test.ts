import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { findExample } from "../support/flows/examples.js";
import { saveScreenshot } from "../support/runtime/browser.js";
import { DASHBOARD, type NodeRedProcess } from "../support/runtime/node-red-process.js";
import { deployFlows } from "../support/runtime/started-flows.js";
import { pause, waitUntil } from "../support/waiting.js";
import { Editor } from "./editor.js";
import { ENDLESS, PACKAGE, waitForGrowth, world } from "./world.js";

const EXAMPLE = "Dashboard chat";
const PHONE = { width: 390, height: 844 };

describe("Example of a chat in FlowFuse Dashboard", () => {
  let red: NodeRedProcess;

  before(async () => {
    red = await world.startNodeRedWith([PACKAGE, DASHBOARD]);
    await deployFlows(red.url, findExample(EXAMPLE).nodes);
  });
  after(() => red.stop());

  it("shows an answer and its speed while it arrives, and keeps what is there when Stop is pressed", async () => {
    const page = await openChat();
    await sendQuestion(page, ENDLESS);
    const bubble = getAnswers(page).last();
    const lengths = [0];
    for (let step = 0; step < 4; step++) lengths.push(await waitForGrowth(bubble, lengths.at(-1)!));
    await waitForFacts(page, /^\d+ chunks in \d+ messages? · \d+ characters · \d+ characters\/s$/);
    await page.getByRole("button", { name: "Stop" }).click();
    await waitForFacts(page, /^Stopped · \d+ chunks in \d+ messages/);
    const stopped = await bubble.textContent();
    assert.ok((stopped?.length ?? 0) >= lengths.at(-1)!);
    assert.equal(await page.getByRole("button", { name: "Stop" }).count(), 0);
    // The model writes 60 chunks a second, so some would have arrived by now.
    await page.waitForTimeout(300);
    assert.equal(await bubble.textContent(), stopped);
  });

  it("receives the whole answer in fewer messages than the model writes chunks", async () => {
    const page = await openChat();
    await sendQuestion(page, "Count to 40.");
    const [, chunks, messages] = /(\d+) chunks in (\d+) messages · \d+ tokens/.exec(
      await waitForAnswers(page),
    )!;
    assert.ok(Number(messages) < Number(chunks) / 2, `${messages} messages for ${chunks} chunks`);
    const numbers = Array.from({ length: 40 }, (_, at) => at + 1).join(", ");
    assert.equal(await getAnswers(page).last().textContent(), `${numbers}.`);
  });

  it("keeps the conversation after a reload and a deploy", async () => {
    const page = await openChat();
    await sendQuestion(page, "My name is Ada.");
    await waitForAnswers(page);
    await page.reload();
    await waitForPage(page);
    assert.equal(await getAnswers(page).count(), 1);
    const received = await recordFrames(page);
    await deployFlows(red.url, findExample(EXAMPLE).nodes);
    await waitForNewWidgets(received);
    await sendQuestion(page, "What is my name?");
    await waitForAnswers(page, 2);
    assert.equal(await getAnswers(page).last().textContent(), "Your name is Ada.");
  });

  it("answers the questions of two windows at once, and stops only the one whose Stop is pressed", async () => {
    const [one, other] = [await openChat(), await openChat()];
    await sendQuestion(one, ENDLESS);
    await sendQuestion(other, "Why is the sky blue?");
    await waitForGrowth(getAnswers(one).last(), 0);
    await waitForGrowth(getAnswers(other).last(), 0);
    // What the dashboard sends to this window, whether the window shows it or not.
    const received = await recordFrames(other);
    await one.getByRole("button", { name: "Stop" }).click();
    await waitForFacts(one, /^Stopped/);
    await waitForAnswers(other);
    assert.match((await getAnswers(one).allTextContents()).join(), /^[\d, .]+$/);
    assert.match((await getAnswers(other).allTextContents()).join(), /^The sky[^\d]+$/);
    assert.doesNotMatch(received.join(), /\d, \d/);
    assert.ok(received.length > 0);
  });

  it("stops the answer when its visitor closes the window", async () => {
    const editor = new Editor(await world.browser.newPage(), red.url);
    await editor.open();
    const stream = editor.locateStatus(await editor.findByName("chat-stream", "Ask the model"));
    const page = await openChat();
    await sendQuestion(page, ENDLESS);
    await stream.filter({ hasText: /^streaming/ }).waitFor();
    await page.close();
    await stream.filter({ hasText: /^cancelled/ }).waitFor();
    await editor.movePointerAway();
    await saveScreenshot(editor.page, "dashboard-flow");
  });

  it("reports an answer that a deploy interrupted, and asks again on Try again", async () => {
    const page = await openChat();
    await sendQuestion(page, "Count to 50.");
    await waitForGrowth(getAnswers(page).last(), 20);
    await deployFlows(red.url, findExample(EXAMPLE).nodes);
    await page.locator(".chat-failure").getByText("The answer broke off.").waitFor();
    await page.getByRole("button", { name: "Try again" }).click();
    await waitForAnswers(page);
    assert.match((await getAnswers(page).last().textContent())!, /^1, 2, 3.* 50\.$/);
    assert.equal(await getAnswers(page).count(), 1);
  });

  it("K17 shows markup in an answer of the dashboard as text", async () => {
    const page = await openChat();
    const markup = `<img src=x onerror="ran=1"><script>ran=1</script><b>bold</b> {{ 6 * 7 }}`;
    await sendQuestion(page, `Repeat: ${markup}`);
    await waitForAnswers(page);
    assert.ok((await getAnswers(page).last().textContent())?.includes(markup));
    assert.equal(await page.locator(".chat-log :is(img, script, b)").count(), 0);
    assert.equal(await page.evaluate("globalThis.ran"), undefined);
  });

  it("K17 shows Markdown in an answer as elements, with code to copy, and links to nothing but web pages", async () => {
    const page = await openChat();
    const danger =
      "[a](javascript:ran=1) [b](https://b.example/) <img src=x onerror=ran=1><script>ran=1</script>";
    await sendQuestion(page, `Repeat: **strong** and \`code\`, ${danger}`);
    await waitForAnswers(page);
    const answer = getAnswers(page).last();
    assert.deepEqual(await answer.locator("strong").allTextContents(), ["strong"]);
    assert.deepEqual(await answer.locator("code").allTextContents(), ["code"]);
    const links = await answer
      .locator("a")
      .evaluateAll((all) => all.map((link) => link.getAttribute("href")));
    assert.deepEqual(links, ["https://b.example/"]);
    assert.ok((await answer.textContent())?.includes("[a](javascript:ran=1)"));
    assert.equal(await page.locator(".chat-log :is(img, script)").count(), 0);
    assert.equal(await page.evaluate("globalThis.ran"), undefined);

    await sendQuestion(page, "Write a function for the Fibonacci numbers.");
    await waitForAnswers(page, 2);
    const code = getAnswers(page).last().locator("pre code");
    assert.match((await code.textContent())!, /^function fibonacci\(n\) \{\n[\s\S]*\n\}$/);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await getAnswers(page).last().getByRole("button", { name: "Copy" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    assert.equal(await page.evaluate("navigator.clipboard.readText()"), await code.textContent());
    await sendQuestion(page, "List three planets.");
    await waitForAnswers(page, 3);
    assert.equal(await getAnswers(page).last().locator("ol > li").count(), 3);
    await saveScreenshot(page, "dashboard-markdown");
  });

  it("fits the width of a phone in the middle of an answer", async () => {
    const page = await openChat();
    await saveScreenshot(page, "dashboard-welcome");
    await sendQuestion(page, "My name is Ada. Who are you?");
    await waitForAnswers(page);
    await sendQuestion(page, "Tell me a story about a lighthouse.");
    await waitForGrowth(getAnswers(page).last(), 400);
    await saveScreenshot(page, "dashboard");
    await waitForAnswers(page, 2);
    await sendQuestion(page, ENDLESS);
    await waitForGrowth(getAnswers(page).last(), 100);
    await page.setViewportSize(PHONE);
    const stopButton = page.getByRole("button", { name: "Stop" });
    // A button that still moves cannot be clicked.
    await stopButton.click({ trial: true });
    const box = await stopButton.boundingBox();
    assert.ok(box && box.x + box.width <= PHONE.width, "the buttons should be on the screen");
    assert.equal(await page.evaluate("document.documentElement.scrollWidth"), PHONE.width);
    await saveScreenshot(page, "dashboard-phone");
  });

  it("names the module that is missing when the example is imported, and offers to install it", async () => {
    const editor = await world.openEditor();
    await editor.importExample(PACKAGE, findExample(EXAMPLE).path);
    const notice = editor.page.locator(".red-ui-notification-error", { hasText: DASHBOARD });
    await notice.getByText("Required modules missing").waitFor();
    assert.ok(await notice.getByRole("button", { name: "Install all" }).isVisible());
  });

  async function openChat(): Promise<Page> {
    const page = await world.browser.newPage();
    await page.goto(`${red.url}/dashboard`);
    await waitForPage(page);
    return page;
  }
});

async function waitForPage(page: Page): Promise<void> {
  await page.getByRole("textbox", { name: "Your message" }).waitFor();
}

async function sendQuestion(page: Page, question: string): Promise<void> {
  await page.getByRole("textbox", { name: "Your message" }).fill(question);
  await page.getByRole("button", { name: "Send" }).click();
}

function getAnswers(page: Page): Locator {
  return page.locator(".chat-answer > .chat-bubble");
}

/** Waits until the line below the last answer matches. @returns the line, with spaces instead of no-break spaces */
async function waitForFacts(page: Page, text: RegExp): Promise<string> {
  const line = page.locator(".chat-facts").last();
  await line.filter({ hasText: new RegExp(text.source.replaceAll(" ", "\\s")) }).waitFor();
  return ((await line.textContent()) ?? "").replaceAll("\u00a0", " ");
}

/** Waits until `count` answers have ended and the last one succeeded. @returns the line below it */
async function waitForAnswers(page: Page, count = 1): Promise<string> {
  await page
    .locator(".chat-answer:not(.chat-streaming)")
    .nth(count - 1)
    .waitFor();
  return waitForFacts(page, / tokens · /);
}

/** Records what arrives over the websocket of a page from now on. @returns the texts; they grow */
async function recordFrames(page: Page): Promise<string[]> {
  const received: string[] = [];
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  session.on("Network.webSocketFrameReceived", ({ response }) => void received.push(response.payloadData));
  return received;
}

/**
 * Waits until the page has drawn its widgets anew, which the dashboard asks for after a deploy, once or twice. An answer
 * that is on its way then breaks off.
 * @param received what has arrived over the websocket since before the deploy
 */
async function waitForNewWidgets(received: readonly string[]): Promise<void> {
  await waitUntil(
    () => received.some((text) => text.includes('"widget-load:')),
    "the widgets are drawn anew",
  );
  for (let count = 0; count < received.length; ) {
    count = received.length;
    await pause(1_000);
  }
}
