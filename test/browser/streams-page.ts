import type { Locator, Page } from "playwright-core";

/** The tab *Streams* of the editor's sidebar. */
export class StreamsPage {
  /** How often the tab has asked the runtime. */
  requests = 0;

  constructor(readonly page: Page) {
    page.on("request", (request) => {
      if (request.url().includes("/chat-streams?")) this.requests++;
    });
  }

  async show(): Promise<void> {
    await this.showTab("chat-streams");
    await this.tab.waitFor();
  }

  async showTab(id: string): Promise<void> {
    await this.page.evaluate(`RED.sidebar.show(${JSON.stringify(id)})`);
  }

  get tab(): Locator {
    return this.page.locator(".chat-streams");
  }

  /** Locates the rows of a node by its name, the latest first; or those of them in a state. */
  locateRows(name: string, state?: string): Locator {
    const rows = state ? `.chat-streams-row[data-state="${state}"]` : ".chat-streams-row";
    return this.tab.locator(rows).filter({ has: this.page.locator(".chat-streams-name", { hasText: name }) });
  }

  locateGroup(group: "running" | "ended"): Locator {
    return this.tab.locator(`section[data-group="${group}"]`);
  }

  locateStop(row: Locator): Locator {
    return row.locator(".chat-streams-stop");
  }

  /** Clears the streams that have ended. */
  async clear(): Promise<void> {
    await this.tab.locator('[data-action="clear"]').click();
  }

  /** @returns what the focused element is called */
  readFocus(): Promise<string> {
    return this.page.evaluate(
      `document.activeElement.getAttribute("aria-label") || document.activeElement.textContent.trim()`,
    );
  }

  /** @returns the flow that the canvas shows */
  readShownFlow(): Promise<string> {
    return this.page.evaluate("RED.workspaces.active()");
  }

  /**
   * Measures how well all texts of the tab can be told from what is behind them.
   * @returns the texts with less contrast than the guideline for accessible pages (WCAG 2.2, AA) asks for
   */
  findFaintTexts(min: number): Promise<string[]> {
    return this.page.evaluate(`(() => {
      const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
      const light = (channel) => {
        const share = channel / 255;
        return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      };
      const measure = ([red, green, blue]) => 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);
      const findBackground = (element) => {
        for (let one = element; one; one = one.parentElement) {
          const color = parse(getComputedStyle(one).backgroundColor);
          if (color.length === 3 || color[3] === 1) return color;
        }
        return [255, 255, 255];
      };
      const walker = document.createTreeWalker(document.querySelector(".chat-streams-body"), NodeFilter.SHOW_TEXT);
      const faint = [];
      while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !element.getClientRects().length || element.closest("svg")) continue;
        const [one, other] = [parse(getComputedStyle(element).color), findBackground(element)].map(measure);
        const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (contrast < ${min}) faint.push(walker.currentNode.data + " " + contrast.toFixed(2));
      }
      return faint;
    })()`);
  }
}
