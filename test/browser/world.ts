import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Page } from "playwright-core";
import { saveScreenshot, TestBrowser } from "../support/runtime/browser.js";
import {
  DASHBOARD,
  type NodeRedProcess,
  root,
  startNodeRed,
  WITHOUT_DASHBOARD,
} from "../support/runtime/node-red-process.js";
import { Editor } from "./editor.js";

export const PACKAGE = "@deltaflow/node-red-chat-stream";

const SETTINGS = {
  // The palette manager would ask the internet for its catalogue.
  editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
};

/** One browser and one Node-RED with this package for all the suites; fresh flows and pages for each test. */
class World {
  /** Pages that outlive a test. */
  readonly keptPages = new Set<Page>();
  private folder = "";
  private open: TestBrowser | undefined;
  private red: NodeRedProcess | undefined;

  get browser(): TestBrowser {
    assert.ok(this.open, "the browser is not open yet");
    return this.open;
  }

  get url(): string {
    assert.ok(this.red, "Node-RED does not run yet");
    return this.red.url;
  }

  async start(): Promise<void> {
    this.folder = mkdtempSync(join(tmpdir(), "chat-stream-editor-"));
    [this.open, this.red] = await Promise.all([TestBrowser.launch(), this.startNodeRedWith([PACKAGE])]);
  }

  /** A Node-RED of one's own with these packages in it: this one, or others that are installed for the tests. */
  startNodeRedWith(packages: readonly string[]): Promise<NodeRedProcess> {
    const userDir = this.createFolder();
    for (const name of packages) {
      const installed = join(userDir, "node_modules", name);
      mkdirSync(dirname(installed), { recursive: true });
      symlinkSync(name === PACKAGE ? root : join(root, "node_modules", name), installed, "junction");
    }
    const dependencies = Object.fromEntries(packages.map((name) => [name, "*"]));
    writeFileSync(
      join(userDir, "package.json"),
      JSON.stringify({ name: "test", version: "1.0.0", dependencies }),
    );
    const externalModules = packages.includes(DASHBOARD) ? {} : WITHOUT_DASHBOARD;
    return startNodeRed({ version: "5", userDir, settings: { ...SETTINGS, externalModules } });
  }

  /** A Node-RED without this package, as a user has it before he installs it. */
  startNodeRedWithoutPackage(): Promise<NodeRedProcess> {
    return startNodeRed({ version: "5", userDir: join(this.folder, "bare"), settings: SETTINGS });
  }

  /** A folder that goes when the tests are over. */
  createFolder(): string {
    return mkdtempSync(join(this.folder, "folder-"));
  }

  /** Replaces the flows that run. */
  async deployFlows(flows: readonly object[]): Promise<void> {
    const response = await fetch(`${this.url}/flows`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(flows),
    });
    assert.equal(response.status, 204, await response.text());
  }

  /** The flows as the admin API gives them to anybody who may read. */
  async fetchFlows(): Promise<string> {
    return (await fetch(`${this.url}/flows`)).text();
  }

  /** Runs flows and opens the editor on them. Without any: an empty tab. */
  async openEditor(
    flows: readonly object[] = [{ id: "tab", type: "tab", label: "Flow 1" }],
  ): Promise<Editor> {
    await this.deployFlows(flows);
    const editor = new Editor(await this.browser.newPage(), this.url);
    await editor.open();
    return editor;
  }

  /** As `editor`, for all the tests of a suite, whose tests leave each other alone. To be called in its `before`. */
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
    await Promise.all([this.open?.close(), this.red?.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const world = new World();

/** The nodes of one of our examples. */
export function readExample(name: string): object[] {
  return JSON.parse(readFileSync(join(root, "examples", `${name}.json`), "utf8")) as object[];
}

before(async function () {
  this.timeout(60_000);
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
  assert.deepEqual(errors, [], "a page threw");
});

after(async function () {
  this.timeout(20_000);
  await world.stop();
});
