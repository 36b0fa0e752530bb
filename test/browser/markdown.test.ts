import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { findExample } from "../support/flows/examples.js";
import { saveScreenshot } from "../support/runtime/browser.js";
import { DASHBOARD, type NodeRedProcess } from "../support/runtime/node-red-process.js";
import { deployFlows } from "../support/runtime/started-flows.js";
import { PACKAGE, world } from "./world.js";

/** An answer with everything that a model writes, and with what must not become an element. */
const ANSWER = `# Planets

Some are **large**, some are *small*, one is \`blue\`.
None is ~~flat~~.

1. Inner planets
   - Mercury
   - Venus
     1. hot
     2. **bright**
   - Earth
2. Outer planets

   * Jupiter

3. Others

| Name | Moons | Size |
| --- | ---: | :---: |
| Earth | 1 | \`12,742\` km |
| Jupiter | **95** | <b>large</b> |

> Quoted
> text
>
> - with a list

---

- To see [a map](https://example.org/map)
  \`\`\`js
  const moons = 1;
    return moons;
  \`\`\`
- Done <img src=x onerror="globalThis.ran = 1">

7. Seven
8. Eight

## The end
1 | 2`;

/** Describes an element by its tags and texts. A paragraph in an entry of a list is its text. */
const DESCRIBE = `(root) => {
  const describe = (node) => {
    if (node.nodeType === 3) return node.textContent;
    const tag = node.localName;
    if (tag === "button") return "";
    if (tag === "br") return "\\n";
    const inside = [...node.childNodes].map(describe).join("");
    if (tag === "div" || (tag === "p" && node.parentElement.localName === "li")) return inside;
    const side = node.style.textAlign || node.getAttribute("align") || "";
    return "<" + [tag, side, node.getAttribute("href") || "", node.start > 1 ? node.start : ""].filter(Boolean).join(" ") + ">" + inside + "</" + tag + ">";
  };
  const text = [...root.childNodes].map(describe).join("");
  return text.replace(/\\s*(<\\/?(?:p|h\\d|[uo]l|li|table|thead|tbody|tr|t[hd]|hr|blockquote|pre|code)\\b[^>]*>)\\s*/g, "$1").split(/(?=<[a-z])/);
}`;

describe("Markdown in the chat page and in the chat of a dashboard", () => {
  let red: NodeRedProcess;

  before(async () => {
    red = await world.startNodeRedWith([PACKAGE, DASHBOARD]);
    await deployFlows(red.url, [...findExample("Chat page").nodes, ...findExample("Dashboard chat").nodes]);
  });
  after(() => red.stop());

  it("K17 becomes the same elements in both, with nested lists and tables, and without anything that can run", async () => {
    const page = await openPage("/chat");
    await page.locator("textarea").fill(`Repeat: ${ANSWER}`);
    await page.locator("#send").click();
    const expected = await read(page, "li.answer .markdown", "li.answer .facts");
    const dashboard = await openPage("/dashboard");
    await dashboard.getByRole("textbox", { name: "Your message" }).fill(`Repeat: ${ANSWER}`);
    await dashboard.getByRole("button", { name: "Send" }).click();
    const shown = await read(dashboard, ".chat-bubble.chat-markdown", ".chat-facts");
    assert.deepEqual(shown, expected);
    for (const tag of [
      "<h1>",
      "<li>",
      "<table>",
      "<th right>",
      "<td center>",
      "<ol 7>",
      "<blockquote>",
      "<hr>",
      "<del>",
    ])
      assert.ok(
        shown.some((part) => part.startsWith(tag)),
        tag,
      );
    assert.equal(await dashboard.locator(".chat-markdown ol ul ol > li").count(), 2);
    assert.equal(await dashboard.locator(".chat-log :is(img, script, b)").count(), 0);
    assert.equal(await dashboard.evaluate("globalThis.ran"), undefined);
    await saveScreenshot(dashboard, "dashboard-all-markdown");
    await saveScreenshot(page, "chat-page-all-markdown");
  });

  it("shows what is nested without end as text from some depth on", async () => {
    const dashboard = await openPage("/dashboard");
    const entries = Array.from({ length: 30 }, (_, at) => `${"  ".repeat(at)}- a`).join("\n");
    for (const [text, tag] of [
      [">".repeat(200), "blockquote"],
      [entries, "li"],
    ] as const) {
      await dashboard.getByRole("textbox", { name: "Your message" }).fill(`Repeat: ${text}`);
      await dashboard.getByRole("button", { name: "Send" }).click();
      await dashboard.locator(".chat-facts", { hasText: "tokens" }).waitFor();
      assert.equal(await dashboard.locator(`.chat-markdown ${tag}`).count(), 8);
      await dashboard.getByRole("button", { name: "New chat" }).click();
    }
  });

  async function openPage(path: string): Promise<Page> {
    const page = await world.browser.newPage();
    await page.goto(red.url + path);
    return page;
  }
});

/** Waits until the answer is complete. @returns its elements and texts, one part for each element */
async function read(page: Page, answer: string, facts: string): Promise<string[]> {
  await page.locator(facts, { hasText: "tokens" }).waitFor();
  return page.evaluate<string[]>(`(${DESCRIBE})(document.querySelector(${JSON.stringify(answer)}))`);
}
