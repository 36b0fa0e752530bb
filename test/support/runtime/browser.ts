import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { ROOT } from "../root.js";

/** The size of the pictures in the README, in pixels. */
const VIEWPORT = { width: 1600, height: 1000 };

/** How long a page may take for one step. It takes milliseconds, unless the machine is busy. */
const MAX_STEP_MS = 20_000;

/**
 * Known errors of Node-RED's own editor in 4.1 and 5: it closes a notification twice, and on a slow page it shows a tip
 * before its place exists.
 */
const KNOWN_PAGE_ERRORS = [
  /^TypeError: Cannot read properties of undefined \(reading 'slideUp'\)/,
  /^TypeError: Cannot read properties of undefined \(reading 'html'\)\s+at \w+ \(\S+\/red\/red\.min\.js\S+\)\s*$/,
];

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Chromium with a fresh profile. It records the errors of its pages. */
export class TestBrowser {
  /** Uncaught errors of all pages. */
  readonly errors: string[] = [];

  private constructor(
    private readonly context: BrowserContext,
    private readonly profile: string,
  ) {
    context.setDefaultTimeout(MAX_STEP_MS);
    context.on("weberror", (event) => {
      const error = event.error();
      const isKnown = KNOWN_PAGE_ERRORS.some((pattern) => pattern.test(error.stack ?? ""));
      if (!isKnown) this.errors.push(`${event.page()?.url()}: ${error.stack}`);
    });
  }

  static async launch(): Promise<TestBrowser> {
    const profile = mkdtempSync(join(tmpdir(), "chat-stream-browser-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: findChromium(),
      args: FLAGS,
      viewport: VIEWPORT,
      colorScheme: "light",
      locale: "en-US",
    });
    // tsx compiles functions with calls of a helper that does not exist in a page.
    await context.addInitScript("globalThis.__name ??= (named) => named;");
    return new TestBrowser(context, profile);
  }

  newPage(): Promise<Page> {
    return this.context.newPage();
  }

  get pages(): readonly Page[] {
    return this.context.pages();
  }

  /** Closes all pages except those to keep. Their errors stay in `errors`. */
  async closePages(pagesToKeep: ReadonlySet<Page> = new Set()): Promise<void> {
    const pages = this.context.pages().filter((page) => !pagesToKeep.has(page));
    const [front] = pagesToKeep;
    // Chromium exits without a page, and it draws pages in the background only once a second.
    if (front) await front.bringToFront();
    else await this.context.newPage();
    await Promise.all(pages.map((page) => page.close()));
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}

/** Saves a screenshot of the page in the build output, without the notices of the editor. */
export async function saveScreenshot(page: Page, name: string, folder = "build/screenshots"): Promise<void> {
  mkdirSync(join(ROOT, folder), { recursive: true });
  await page.screenshot({
    path: join(ROOT, folder, `${name}.png`),
    animations: "disabled",
    style: "#red-ui-notifications { visibility: hidden; }",
  });
}

/** Finds Debian's Chromium, or the one in the variable CHROMIUM. @throws if there is none */
function findChromium(): string {
  const configured = process.env["CHROMIUM"];
  if (configured) return configured;
  const onPath = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "google-chrome"));
  const found = ["/usr/bin/chromium", "/usr/bin/chromium-browser", ...onPath].find((path) =>
    existsSync(path),
  );
  if (!found) throw new Error("Chromium was not found. Install it, or set CHROMIUM to its path.");
  return found;
}
