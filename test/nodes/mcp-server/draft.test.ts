import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAddressNode, createProgramNode, EVERYTHING } from "../../support/flows/mcp.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

const STORED = "__PWRD__";

/** A program that writes its variable `API_KEY` into a file, complains, and ends. */
const TELL = `require("fs").writeFileSync(process.argv[1], "key " + process.env.API_KEY); console.error("no notes for " + process.env.API_KEY)`;

interface Answer {
  ok: boolean;
  code?: string;
  message: string;
  tools?: string[];
  log?: string[];
}

describe("An mcp-server as it stands in the editor", () => {
  const service = useService();
  const runtime = useRuntime();
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mcp-draft-"));
    file = join(folder, "told");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const post = async (body: string, type = "application/json") => {
    const response = await fetch(`${runtime().url}/mcp-server/draft/test`, {
      method: "POST",
      headers: { "content-type": type, connection: "close" },
      body,
    });
    return (await response.json()) as Answer;
  };
  const test = (node: FlowNode, credentials: object = {}) =>
    post(JSON.stringify({ id: node.id, config: node, credentials }));
  const createTeller = (): FlowNode => ({
    ...createProgramNode("-e", TELL, file),
    connectTimeout: 10,
  });

  it("is tested before it is deployed, and its program ends with the test", async () => {
    const { ok, message, tools } = await test(createProgramNode(EVERYTHING, "stdio"));
    assert.ok(ok, message);
    assert.match(message, /mcp-servers\/everything 2\.\S+ \(MCP 20\S+\), \d+ tools/);
    assert.ok(tools?.includes("echo"));
    const listPrograms = async () => {
      const { execFileSync } = await import("node:child_process");
      const lines = execFileSync("ps", ["-eo", "ppid,args"], { encoding: "utf8" }).split("\n");
      return lines.filter((line) => line.trim().startsWith(`${process.pid} `) && line.includes("everything"));
    };
    const deadline = Date.now() + 10_000;
    while ((await listPrograms()).length > 0 && Date.now() < deadline) await new Promise(setImmediate);
    assert.deepEqual(await listPrograms(), []);
  });

  it("connects with a timeout that is longer than any timer", async () => {
    const { ok, message } = await test({ ...createProgramNode(EVERYTHING, "stdio"), connectTimeout: 1e300 });
    assert.ok(ok, message);
  });

  it("tells the last lines of a program that fails, without the secret that was typed", async () => {
    const secretEnv = JSON.stringify({ API_KEY: "sk-typed-0123456789" });
    const { ok, message, log } = await test(createTeller(), { secretEnv });
    assert.equal(ok, false, message);
    assert.equal(readFileSync(file, "utf8"), "key sk-typed-0123456789");
    assert.equal(log!.length, 1);
    assert.match(log![0]!, /^no notes for /);
    assert.doesNotMatch(log!.join("\n"), /sk-typed/);
  });

  it("gives the stored secrets to the program that is deployed, and to no other", async () => {
    const teller = createTeller();
    const secretEnv = JSON.stringify({ API_KEY: "sk-stored-0123456789" });
    await runtime().deploy([teller], "full", { server: { secretEnv } });
    for (const change of [
      { command: "node" },
      { args: ["-e", TELL, join(folder, "other")] },
      { cwd: folder },
      { env: JSON.stringify({ NODE_OPTIONS: "--no-warnings" }) },
    ]) {
      const { ok, code } = await test({ ...teller, ...change }, { secretEnv: STORED });
      assert.deepEqual([ok, code], [false, "credentials"], JSON.stringify(change));
    }
    assert.ok(!existsSync(file) && !existsSync(join(folder, "other")));
    await test({ ...teller, connectTimeout: 5 }, { secretEnv: STORED });
    assert.equal(readFileSync(file, "utf8"), "key sk-stored-0123456789");
  });

  it("sends a stored token to the address that is deployed, and to no other", async () => {
    service().script = (reply) => reply.sendJson(401, {});
    const node = createAddressNode(`${service().url}/mcp`);
    await runtime().deploy([node], "full", { server: { token: "stored-token" } });
    const other = await test({ ...node, url: `${service().url}/other` }, { token: STORED });
    assert.deepEqual([other.ok, other.code], [false, "credentials"]);
    assert.equal(service().requests.length, 0);
    const same = await test({ ...node, name: "Renamed" }, { token: STORED });
    assert.match(same.message, /^The MCP server “Renamed” asks for another token \(HTTP 401\)/);
    assert.equal(service().requests[0]!.headers.authorization, "Bearer stored-token");
  });

  it("ends the former test of a node, so that clicks do not start program after program", async () => {
    const silent = { ...createProgramNode("-e", "setInterval(() => {}, 1000)"), connectTimeout: 60 };
    const first = test(silent);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const second = test({ ...silent, command: "no-such-program" });
    assert.equal((await first).ok, false);
    assert.match((await second).message, /no program “no-such-program”/);
  });

  it("starts no program for a form, which a stranger's page can make a browser send", async () => {
    const { command, args } = createTeller();
    const form = new URLSearchParams({
      id: "new",
      "config[transport]": "stdio",
      "config[command]": String(command),
      "config[args]": (args as string[]).join("\n"),
    });
    const { ok } = await post(form.toString(), "application/x-www-form-urlencoded");
    assert.equal(ok, false);
    assert.ok(!existsSync(file));
  });

  it("starts no program if its id belongs to a node of another type", async () => {
    await runtime().deploy([{ id: "other", type: "chat-provider", provider: "demo" }]);
    const { ok, message } = await test({ ...createTeller(), id: "other" });
    assert.equal(ok, false);
    assert.match(message, /has the type chat-provider and not mcp-server\. Reload the editor/);
    assert.ok(!existsSync(file));
  });

  it("takes a number for a text, as a variable may be one, and names any other value that is no text", async () => {
    const { id, type } = createTeller();
    const number = await test({ id, type, transport: "stdio", command: 5, args: 7 });
    assert.match(number.message, /no program “5”/);
    for (const [label, change] of [
      ["URL", { transport: "http", url: {} }],
      ["command", { transport: "stdio", command: ["node"] }],
      ["arguments", { transport: "stdio", command: "node", args: {} }],
      ["folder", { transport: "stdio", command: "node", cwd: true }],
    ] as const) {
      const { code, message } = await test({ id, type, ...change });
      assert.deepEqual([code, message.split(".")[0]], ["configuration", `The ${label} must be a text`]);
    }
  });

  for (const body of [[], {}, { id: "a" }, { id: 1, config: {} }])
    it(`is refused as ${JSON.stringify(body)}`, async () => {
      assert.equal((await post(JSON.stringify(body))).ok, false);
    });
});
