import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./support/root.js";
import type { FlowNode } from "./support/runtime/node-red-api.js";
import { findFreePort } from "./support/runtime/node-red-process.js";

/** How long `npm start` may take until it has printed the addresses, if everything is built. */
const MAX_START_MS = 30_000;

/** A running `npm start`. */
interface RunningCommand {
  child: ChildProcess;
  /** @returns what it has printed so far */
  getOutput(): string;
  /** The printed address of the editor; "" if there is none. */
  editorUrl: string;
  /** The printed address of the chat page; "" if there is none. */
  chatUrl: string;
}

describe("npm start", function () {
  this.timeout(2 * MAX_START_MS);
  const folder = mkdtempSync(join(tmpdir(), "chat stream "));
  const userDir = join(folder, "user directory");
  const running = new Set<ChildProcess>();
  let first: RunningCommand;

  const start = async (port: number): Promise<RunningCommand> => {
    const child = spawn(process.execPath, [join(ROOT, "scripts/start.mjs")], {
      cwd: folder,
      env: { ...process.env, PORT: String(port), NODE_RED_USER_DIR: userDir },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (printed += data));
    const startedMs = performance.now();
    while (!printed.includes("Ctrl-C")) {
      const isLate = performance.now() - startedMs > MAX_START_MS;
      if (isLate || child.exitCode !== null) throw new Error(`npm start did not start:\n${printed}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const readAddress = (name: string) => new RegExp(`^ +${name} +(http\\S+)$`, "m").exec(printed)?.[1] ?? "";
    return {
      child,
      getOutput: () => printed,
      editorUrl: readAddress("Editor"),
      chatUrl: readAddress("Chat page"),
    };
  };
  const interrupt = async ({ child }: RunningCommand): Promise<number | null> => {
    const exited = once(child, "exit");
    child.kill("SIGINT");
    const [code] = (await exited) as [number | null];
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

  it("prints the addresses of the editor and the chat page, and little else", async () => {
    assert.match(first.editorUrl, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.equal(first.chatUrl, `${first.editorUrl}chat`);
    assert.doesNotMatch(first.getOutput(), /warn|error|deprecat/i);
    assert.ok(first.getOutput().split("\n").length < 12, first.getOutput());
  });

  it("serves the editor and the chat page at the printed addresses", async () => {
    assert.match(await (await fetch(first.editorUrl)).text(), /<title>Node-RED<\/title>/);
    assert.match(await (await fetch(first.chatUrl)).text(), /<title>Chat<\/title>/);
  });

  it("loads the nodes of this package with their icons, labels and examples", async () => {
    const {
      name,
      "node-red": { nodes: types },
    } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
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
    const examples = (await fetchJson(`library/examples/flows/${name}/`)) as string[];
    assert.equal(examples[0], "1 Start");
  });

  it("opens with the examples First stream and Chat page, which share one provider", async () => {
    const flows = (await fetchJson("flows")) as FlowNode[];
    assert.deepEqual(
      flows.filter(({ type }) => type === "tab").map((tab) => tab["label"]),
      ["First stream", "Chat page"],
    );
    const providers = flows.filter(({ type }) => type === "chat-provider");
    assert.equal(providers.length, 1);
    const streams = flows.filter(({ type }) => type === "chat-stream");
    assert.deepEqual(
      streams.map((node) => node["provider"]),
      streams.map(() => providers[0]!.id),
    );
  });

  it("writes settings that listen on this machine only, without tours and telemetry", () => {
    const settings = readFileSync(join(userDir, "settings.js"), "utf8");
    assert.match(settings, /uiHost: "127\.0\.0\.1"/);
    assert.match(settings, /telemetry: \{ enabled: false/);
    assert.match(settings, /tours: false/);
    assert.match(settings, /credentialSecret: "[0-9a-f]{64}"/);
  });

  it("stops Node-RED and exits with 0 on Ctrl-C", async () => {
    assert.equal(await interrupt(first), 0);
    await assert.rejects(fetch(first.editorUrl));
  });

  it("keeps the flows and settings of the user, and uses the next port if the wanted one is in use", async () => {
    const flows = join(userDir, "flows.json");
    const userFlows = (JSON.parse(readFileSync(flows, "utf8")) as FlowNode[]).filter(
      ({ type }) => type === "tab" || type === "chat-provider",
    );
    writeFileSync(flows, JSON.stringify(userFlows));
    const settings = readFileSync(join(userDir, "settings.js"), "utf8");
    const port = await findFreePort();
    const otherServer = createServer().listen(port, "127.0.0.1");
    await once(otherServer, "listening");
    try {
      const again = await start(port);
      assert.ok(Number(new URL(again.editorUrl).port) > port);
      // The user has removed the chat page.
      assert.equal(again.chatUrl, "");
      assert.equal(await interrupt(again), 0);
    } finally {
      otherServer.close();
    }
    assert.deepEqual(JSON.parse(readFileSync(flows, "utf8")), userFlows);
    assert.equal(readFileSync(join(userDir, "settings.js"), "utf8"), settings);
  });
});
