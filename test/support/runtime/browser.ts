import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { ROOT } from "../root.js";

/** What a reader of the README sees of the editor, too. */
const VIEWPORT = { width: 1600, height: 1000 };

/** How long a page may take for one step. The machine may be busy; a step itself takes milliseconds. */
const PATIENCE = 20_000;

/**
 * Mistakes of Node-RED's own editor, in 4.1 and 5: it closes a notification that has gone already, and where a page
 * loads slowly it shows a tip before there is a place for one.
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

/** Chromium with a fresh profile, and a record of what goes wrong in its pages. */
export class TestBrowser {
  /** Uncaught errors of all pages since `forget`. */
  readonly errors: string[] = [];

  private constructor(
    private readonly context: BrowserContext,
    private readonly profile: string,
  ) {
    context.setDefaultTimeout(PATIENCE);
    context.on("weberror", (event) => {
      const error = event.error();
      const known = KNOWN_PAGE_ERRORS.some((pattern) => pattern.test(error.stack ?? ""));
      if (!known) this.errors.push(`${event.page()?.url()}: ${error.stack}`);
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
    // tsx names functions with a helper that a page does not have.
    await context.addInitScript("globalThis.__name ??= (named) => named;");
    return new TestBrowser(context, profile);
  }

  newPage(): Promise<Page> {
    return this.context.newPage();
  }

  get pages(): readonly Page[] {
    return this.context.pages();
  }

  /** Closes all pages but some; what went wrong in them stays in `errors`. */
  async closePages(kept: ReadonlySet<Page> = new Set()): Promise<void> {
    const pages = this.context.pages().filter((page) => !kept.has(page));
    const [front] = kept;
    // A browser without any page would end, and a page that is not in front is drawn once a second.
    if (front) await front.bringToFront();
    else await this.context.newPage();
    await Promise.all(pages.map((page) => page.close()));
  }

  async close(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}

/** Keeps a picture of the page in the build output. Notices of the editor, which come and go, are left out. */
export async function saveScreenshot(page: Page, name: string, folder = "build/screenshots"): Promise<void> {
  mkdirSync(join(ROOT, folder), { recursive: true });
  await page.screenshot({
    path: join(ROOT, folder, `${name}.png`),
    animations: "disabled",
    style: "#red-ui-notifications { visibility: hidden; }",
  });
}

/** Debian's Chromium, or the one that CHROMIUM names. */
function findChromium(): string {
  const named = process.env["CHROMIUM"];
  if (named) return named;
  const onPath = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "google-chrome"));
  const found = ["/usr/bin/chromium", "/usr/bin/chromium-browser", ...onPath].find((path) =>
    existsSync(path),
  );
  if (!found) throw new Error("There is no Chromium. Install it, or say in CHROMIUM where it is.");
  return found;
}
