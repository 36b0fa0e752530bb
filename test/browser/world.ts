import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { saveScreenshot, TestBrowser } from "../support/runtime/browser.js";
import {
  DASHBOARD,
  installInto,
  type NodeRedProcess,
  PACKAGE,
  startNodeRed,
  type Version,
  WITHOUT_DASHBOARD,
} from "../support/runtime/node-red-process.js";
import { deployFlows } from "../support/runtime/started-flows.js";
import { Editor } from "./editor.js";

export { PACKAGE };

/** A question to the demo, whose answer takes far longer than a test on a busy machine until it is stopped. */
export const ENDLESS = "Count to 5000.";

const SETTINGS = {
  // Without catalogues, the palette manager does not access the internet.
  editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
};

/** One browser and one Node-RED with this package for all suites. Each test has its own flows and pages. */
class World {
  /** Pages that stay open after a test. */
  readonly keptPages = new Set<Page>();
  private folder = "";
  private testBrowser: TestBrowser | undefined;
  private red: NodeRedProcess | undefined;

  get browser(): TestBrowser {
    assert.ok(this.testBrowser, "the browser is not open yet");
    return this.testBrowser;
  }

  get url(): string {
    assert.ok(this.red, "Node-RED does not run yet");
    return this.red.url;
  }

  async start(): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), "chat-stream-editor-"));
    [this.testBrowser, this.red] = await Promise.all([
      TestBrowser.launch(),
      this.startNodeRedWith([PACKAGE]),
    ]);
  }

  /** Starts another Node-RED with these packages: this package, or others that are installed for the tests. */
  startNodeRedWith(packages: readonly string[], version: Version = "5"): Promise<NodeRedProcess> {
    const userDir = this.createFolder();
    installInto(userDir, packages);
    const externalModules = packages.includes(DASHBOARD) ? {} : WITHOUT_DASHBOARD;
    return startNodeRed({ version, userDir, settings: { ...SETTINGS, externalModules } });
  }

  /** Starts another Node-RED without this package, as users have it before they install it. */
  startNodeRedWithoutPackage(): Promise<NodeRedProcess> {
    return startNodeRed({ version: "5", userDir: join(this.folder, "bare"), settings: SETTINGS });
  }

  /** Creates a folder that is deleted after the tests. */
  createFolder(): string {
    return mkdtempSync(join(this.folder, "folder-"));
  }

  /** Replaces the running flows. */
  deployFlows(flows: readonly object[]): Promise<void> {
    return deployFlows(this.url, flows);
  }

  /** Fetches the flows as the admin API returns them to everybody who may read. */
  async fetchFlows(): Promise<string> {
    return (await fetch(`${this.url}/flows`)).text();
  }

  /** Deploys flows, by default an empty tab, and opens the editor. */
  async openEditor(
    flows: readonly object[] = [{ id: "tab", type: "tab", label: "Flow 1" }],
  ): Promise<Editor> {
    await this.deployFlows(flows);
    const editor = new Editor(await this.browser.newPage(), this.url);
    await editor.open();
    return editor;
  }

  /** Opens an editor that all tests of a suite share. Call it in `before`, and close its page in `after`. */
  async openSharedEditor(flows: readonly object[]): Promise<Editor> {
    const editor = await this.openEditor(flows);
    this.keptPages.add(editor.page);
    editor.page.once("close", () => this.keptPages.delete(editor.page));
    return editor;
  }

  /** Opens a page that a flow serves. */
  async openPage(path: string): Promise<Page> {
    const page = await this.browser.newPage();
    await page.goto(this.url + path);
    return page;
  }

  async stop(): Promise<void> {
    await Promise.all([this.testBrowser?.close(), this.red?.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const world = new World();

/** Waits until an element has more than `length` characters of text. @returns how many it has */
export async function waitForGrowth(element: Locator, length: number): Promise<number> {
  await element.filter({ hasText: new RegExp(`.{${length + 1}}`, "s") }).waitFor();
  return (await element.textContent())?.length ?? 0;
}

before(async () => {
  await world.start();
});

afterEach(async function () {
  const { browser } = world;
  if (this.currentTest?.state === "failed") {
    const title = this.currentTest.title.replace(/\W+/g, "-").slice(0, 60);
    for (const [at, page] of browser.pages.entries())
      await saveScreenshot(page, `${title}-${at}`, "build/failures");
  }
  await browser.closePages(world.keptPages);
  const errors = browser.errors.splice(0);
  assert.deepEqual(errors, [], "the pages should throw no errors");
});

after(async () => {
  await world.stop();
});
