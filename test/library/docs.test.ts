import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { useService } from "../support/services/use-service.js";

const PACKAGE = /"@deltaflow\/node-red-chat-stream\/core"/;

/** Finds the example that contains a text. */
function findExample(part: string): string {
  const page = readFileSync("docs/library.md", "utf8");
  return [...page.matchAll(/```ts\n([\s\S]*?)```/g)]
    .map(([, code]) => code!)
    .find((code) => code.includes(part))!;
}

/** Runs an example, with the sources in place of the package. @returns what it printed */
async function run(code: string): Promise<unknown[][]> {
  const folder = mkdtempSync(join(tmpdir(), "library-"));
  const file = join(folder, "example.mts");
  assert.match(code, PACKAGE);
  writeFileSync(file, code.replace(PACKAGE, JSON.stringify(pathToFileURL(resolve("src/index.ts")).href)));
  const printed: unknown[][] = [];
  const { log } = console;
  console.log = (...values: unknown[]) => printed.push(values);
  try {
    await import(pathToFileURL(file).href);
  } finally {
    console.log = log;
    rmSync(folder, { recursive: true });
  }
  return printed;
}

describe("The examples in docs/library.md", () => {
  const service = useService();

  it("ask a service of the caller's own", async () => {
    service().script = (reply) => reply.say("Good morning.");
    const code = findExample("house: Provider");
    const address = "http://127.0.0.1:9000/v1";
    assert.ok(code.includes(address));
    assert.deepEqual(await run(code.replace(address, service().url)), [["Good morning."]]);
    const request = service().requests[0]!;
    assert.deepEqual([request.body["model"], request.headers["x-department"]], ["small", "research"]);
  });

  it("speak a text", async () => {
    // The second half needs an account.
    const code = findExample("speech(").replace(/^(import \{ writeFile|await writeFile).*\n/gm, "");
    const printed = await run(code);
    assert.ok(printed.length > 0);
    for (const [length, type] of printed) assert.ok(Number(length) > 0 && /^audio\/wav/.test(String(type)));
  });
});
