import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, root } from "./support/runtime/node-red-process.js";
import type { FlowNode } from "./support/runtime/node-red-runtime.js";

/** How long `npm start` may take from its first word to its last, everything being built. */
const MAX_START_MS = 30_000;

interface RunningCommand {
  child: ChildProcess;
  getOutput(): string;
  /** The editor's address, as it was printed. */
  editorUrl: string;
  chatUrl: string;
}

describe("npm start", function () {
  this.timeout(2 * MAX_START_MS);
  const folder = mkdtempSync(join(tmpdir(), "chat stream "));
  const userDir = join(folder, "user directory");
  const running = new Set<ChildProcess>();
  let first: RunningCommand;

  const start = async (port: number): Promise<RunningCommand> => {
    const child = spawn(process.execPath, [join(root, "scripts/start.mjs")], {
      cwd: folder,
      env: { ...process.env, PORT: String(port), NODE_RED_USER_DIR: userDir },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (printed += data));
    const begun = performance.now();
    while (!printed.includes("Ctrl-C")) {
      const late = performance.now() - begun > MAX_START_MS;
      if (late || child.exitCode !== null) throw new Error(`It did not start:\n${printed}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const address = (name: string) => new RegExp(`^ +${name} +(http\\S+)$`, "m").exec(printed)?.[1] ?? "";
    return { child, getOutput: () => printed, editorUrl: address("Editor"), chatUrl: address("Chat page") };
  };
  const interrupt = async ({ child }: RunningCommand): Promise<number | null> => {
    const gone = once(child, "exit");
    child.kill("SIGINT");
    const [code] = (await gone) as [number | null];
    running.delete(child);
    return code;
  };
  const fetchJson = async (path: string, accept = "application/json") =>
    (await fetch(new URL(path, first.editorUrl), { headers: { accept } })).json() as Promise<unknown>;

  before(async () => {
    first = await start(0);
  });
  after(() => {
    for (const child of running) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  it("prints the two addresses, and little else", async () => {
    assert.match(first.editorUrl, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.equal(first.chatUrl, `${first.editorUrl}chat`);
    assert.doesNotMatch(first.getOutput(), /warn|error|deprecat/i);
    assert.ok(first.getOutput().split("\n").length < 12, first.getOutput());
  });

  it("answers there with the editor and the chat page", async () => {
    assert.match(await (await fetch(first.editorUrl)).text(), /<title>Node-RED<\/title>/);
    assert.match(await (await fetch(first.chatUrl)).text(), /<title>Chat<\/title>/);
  });

  it("has the nodes with their icons, texts and examples", async () => {
    const {
      name,
      "node-red": { nodes: types },
    } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const nodes = (await fetchJson("nodes")) as {
      module: string;
      types: string[];
      enabled: boolean;
      err?: string;
    }[];
    const ours = nodes.filter(({ module }) => module === name);
    assert.deepEqual(ours.flatMap(({ types }) => types).sort(), Object.keys(types).sort());
    assert.deepEqual(
      nodes.filter(({ enabled, err }) => !enabled || err),
      [],
    );
    const icons = (await fetchJson("icons")) as Record<string, string[]>;
    assert.ok(icons[name]!.includes("chat-stream.svg"));
    const texts = (await fetchJson(`locales/${name}/chat-stream?lng=en-US`)) as Record<string, unknown>;
    assert.ok(texts["chat-stream"]);
    const examples = (await fetchJson(`library/examples/flows/${name}/`)) as { fn: string }[];
    assert.equal(examples[0]!.fn, "01 First stream");
  });

  it("opens on the first stream, beside the chat page, and both ask one provider", async () => {
    const flows = (await fetchJson("flows")) as FlowNode[];
    assert.deepEqual(
      flows.filter(({ type }) => type === "tab").map((tab) => tab["label"]),
      ["First stream", "Chat page"],
    );
    const providers = flows.filter(({ type }) => type === "chat-provider");
    assert.equal(providers.length, 1);
    const asking = flows.filter(({ type }) => type === "chat-stream");
    assert.deepEqual(
      asking.map((node) => node["provider"]),
      asking.map(() => providers[0]!.id),
    );
  });

  it("is for this machine only, and without tours and telemetry", () => {
    const settings = readFileSync(join(userDir, "settings.js"), "utf8");
    assert.match(settings, /uiHost: "127\.0\.0\.1"/);
    assert.match(settings, /telemetry: \{ enabled: false/);
    assert.match(settings, /tours: false/);
    assert.match(settings, /credentialSecret: "[0-9a-f]{64}"/);
  });

  it("stops with Node-RED on Ctrl-C", async () => {
    assert.equal(await interrupt(first), 0);
    await assert.rejects(fetch(first.editorUrl));
  });

  it("leaves the user's flows and settings alone, and takes the next port where one is taken", async () => {
    const flows = join(userDir, "flows.json");
    const mine = (JSON.parse(readFileSync(flows, "utf8")) as FlowNode[]).filter(
      ({ type }) => type === "tab" || type === "chat-provider",
    );
    writeFileSync(flows, JSON.stringify(mine));
    const settings = readFileSync(join(userDir, "settings.js"), "utf8");
    const port = await freePort();
    const squatter = createServer().listen(port, "127.0.0.1");
    await once(squatter, "listening");
    try {
      const again = await start(port);
      assert.ok(Number(new URL(again.editorUrl).port) > port);
      // The user has removed the page.
      assert.equal(again.chatUrl, "");
      assert.equal(await interrupt(again), 0);
    } finally {
      squatter.close();
    }
    assert.deepEqual(JSON.parse(readFileSync(flows, "utf8")), mine);
    assert.equal(readFileSync(join(userDir, "settings.js"), "utf8"), settings);
  });
});
