import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  answerByCalls,
  createAddressNode,
  createMcpFlow,
  createProgramNode,
  EVERYTHING,
  FILES,
  readOfferedNames,
} from "../../support/flows/mcp.js";
import { useEverything } from "../../support/mcp/use-everything.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";

describe("Tools of an MCP server in a flow", () => {
  const service = useService();
  const runtime = useRuntime();
  const everything = useEverything();
  const ask = async () => {
    runtime().inject("router", { payload: "Hi" });
    await runtime().waitForEnds("out");
    return joinPayloads(runtime().getMessages("out"));
  };
  const places = {
    "by stdio": () => createProgramNode(EVERYTHING, "stdio"),
    "at an address": () => createAddressNode(everything("streamableHttp")),
    "at an address with server-sent events of 2024": () => createAddressNode(everything("sse")),
  };

  for (const [place, createNode] of Object.entries(places)) {
    it(`offers the tools of a server ${place} with their schemas, and gives results of every kind to the model`, async () => {
      service().script = answerByCalls(
        ["echo", { message: "hello" }],
        ["get-sum", { a: 2, b: 40 }],
        ["get-structured-content", { location: "New York" }],
        ["get-tiny-image", {}],
        ["get-resource-links", { count: 1 }],
        ["get-resource-reference", { resourceType: "Text", resourceId: 1 }],
      );
      await runtime().deploy(createMcpFlow(service().url, createNode()));
      const text = await ask();
      assert.match(text, /^Echo: hello\nThe sum of 2 and 40 is 42\./);
      assert.match(text, /\n\{"temperature":33,"conditions":"Cloudy","humidity":82\}\n/);
      assert.match(text, /\[image, image\/png, \d+ bytes: it cannot be shown here\]/);
      assert.match(text, /\[link to the resource demo:\/\/resource\/\S+: /);
      assert.match(text, /\[resource demo:\/\/resource\/dynamic\/text\/1\]\nResource 1: This is a plaintext/);
      const [first] = service().requests;
      assert.ok(readOfferedNames(first!).includes("echo"));
      const tools = first!.body["tools"] as { function: { name: string; parameters: object } }[];
      const echo = tools.find((tool) => tool.function.name === "echo")!;
      assert.deepEqual((echo.function.parameters as { required: string[] }).required, ["message"]);
      const [end] = await runtime().waitForEnds("out");
      const [round] = end!["rounds"] as { calls: { name: string; outcome: string }[] }[];
      assert.ok(round!.calls.every(({ outcome }) => outcome === "answered"));
      assert.deepEqual(runtime().getMessages("errors"), []);
    });
  }

  it("offers some tools only, under names with a prefix", async () => {
    service().script = answerByCalls(["ev_echo", { message: "hello" }]);
    const row = { tools: ["echo", "get-sum"], prefix: "ev_" };
    await runtime().deploy(createMcpFlow(service().url, createProgramNode(EVERYTHING, "stdio"), row));
    assert.equal(await ask(), "Echo: hello");
    assert.deepEqual(readOfferedNames(service().requests[0]!), ["ev_echo", "ev_get-sum"]);
  });

  it("reads a file by the server of files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "mcp-files-"));
    writeFileSync(join(folder, "note.txt"), "Buy milk.");
    try {
      service().script = answerByCalls(
        ["read_text_file", { path: join(folder, "note.txt") }],
        ["read_text_file", { path: "/etc/hostname" }],
      );
      await runtime().deploy(createMcpFlow(service().url, createProgramNode(FILES, folder)));
      const [note, denied] = (await ask()).split("\n");
      assert.equal(note, "Buy milk.");
      assert.match(denied!, /^Error: Access denied/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("answers a call whose arguments do not fit the server's schema, and does not ask the server", async () => {
    service().script = answerByCalls(["get-sum", { a: "two" }]);
    await runtime().deploy(createMcpFlow(service().url, createProgramNode(EVERYTHING, "stdio")));
    assert.match(await ask(), /^Error: The arguments do not match the tool's schema: /);
    const [end] = await runtime().waitForEnds("out");
    assert.equal((end!["rounds"] as { calls: { outcome: string }[] }[])[0]!.calls[0]!.outcome, "refused");
  });

  it("shows the progress of a call in the status, and cancels the call at the server with the run", async () => {
    service().script = answerByCalls(["trigger-long-running-operation", { duration: 20, steps: 40 }]);
    await runtime().deploy(createMcpFlow(service().url, createProgramNode(EVERYTHING, "stdio")));
    runtime().inject("router", { payload: "Hi", topic: "t" });
    const isProgress = ({ status }: { status?: { text?: string } | undefined }) =>
      / · \d+\/40$/.test(status?.text ?? "");
    await runtime().statuses.waitUntil((all) => all.some(isProgress), "a status with progress");
    runtime().inject("router", { cancel: true, topic: "t" });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.finishReason, "cancelled");
  });

  it("tells the editor name, version and tools of a server, and why one cannot be used", async () => {
    const test = async (): Promise<{ ok: boolean; message: string; tools: string[] }> =>
      (await fetch(`${runtime().url}/mcp-server/server/test`, { method: "POST" })).json() as never;
    await runtime().deploy(createMcpFlow(service().url, createProgramNode(EVERYTHING, "stdio")));
    const { ok, message, tools } = await test();
    assert.ok(ok, message);
    assert.match(message, /mcp-servers\/everything 2\.\S+ \(MCP 20\S+\), \d+ tools/);
    assert.ok(tools.includes("echo"));
    await runtime().deploy(
      createMcpFlow(service().url, { ...createProgramNode("x"), command: "no-such-program" }),
    );
    const failed = await test();
    assert.equal(failed.ok, false);
    assert.match(failed.message, /no program “no-such-program”/);
  });

  it("ends the program of a server with a deploy", async () => {
    service().script = answerByCalls(["get-env", {}]);
    const server = createProgramNode(EVERYTHING, "stdio");
    await runtime().deploy(createMcpFlow(service().url, server));
    await ask();
    const listPrograms = async () => {
      const { execFileSync } = await import("node:child_process");
      const list = execFileSync("ps", ["-eo", "ppid,args"], { encoding: "utf8" }).split("\n");
      return list.filter((line) => line.trim().startsWith(`${process.pid} `) && line.includes("everything"));
    };
    // Others of this suite answer at an address.
    const count = async () => (await listPrograms()).filter((line) => line.endsWith(" stdio")).length;
    assert.equal(await count(), 1);
    await runtime().deploy([]);
    assert.equal(await count(), 0);
  });

  it("gives the program no variable of Node-RED but those that are entered, and keeps secrets out of the log", async () => {
    process.env["MCP_TEST_PRIVATE"] = "private-value";
    try {
      service().script = answerByCalls(["get-env", {}]);
      const server = {
        ...createProgramNode(EVERYTHING, "stdio"),
        env: JSON.stringify({ PLAIN: "plain-value" }),
      };
      const secretEnv = JSON.stringify({ API_KEY: "sk-secret-value" });
      await runtime().deploy(createMcpFlow(service().url, server), "full", { server: { secretEnv } });
      const text = await ask();
      assert.match(text, /"PLAIN": "plain-value"/);
      assert.match(text, /"API_KEY": "sk-secret-value"/);
      assert.doesNotMatch(text, /private-value/);
      assert.doesNotMatch(JSON.stringify(runtime().logs), /sk-secret-value/);
    } finally {
      delete process.env["MCP_TEST_PRIVATE"];
    }
  });

  it("goes on without the tools of a server that is down, and tells the author", async () => {
    service().script = (reply) => reply.say("No tools.");
    await runtime().deploy(createMcpFlow(service().url, createAddressNode("http://127.0.0.1:59999/mcp")));
    assert.equal(await ask(), "No tools.");
    assert.deepEqual(readOfferedNames(service().requests[0]!), []);
    await waitUntil(() => JSON.stringify(runtime().logs).includes("“tools” cannot be reached"));
  });
});
