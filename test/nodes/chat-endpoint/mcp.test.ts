import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createSinkNode, TAB } from "../../support/flows/nodes.js";
import { createRouterNode } from "../../support/flows/router.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { waitUntil } from "../../support/waiting.js";
import { TIME, WEATHER } from "../../support/worlds/router-world.js";

const KEY = "sk-mcp-test-key";

describe("Drawn tools offered to MCP clients", () => {
  const runtime = useRuntime();
  const clients: Client[] = [];
  const deploy = async (router: Record<string, unknown> = {}) => {
    const flow = [
      TAB,
      { id: "endpoint", type: "chat-endpoint", path: "/ai" },
      createRouterNode({ endpoint: "endpoint", wires: [[], [], ["weather"], ["time"]], ...router }),
      createSinkNode("weather"),
      createSinkNode("time"),
    ];
    await runtime().deploy(flow, "full", { endpoint: { keys: `Ada ${KEY}` } });
  };
  /** Connects the protocol's own client. */
  const connect = async (mode: "auto" | "legacy", key = KEY, onChanged = () => {}) => {
    const client = new Client(
      { name: "test", version: "1" },
      {
        versionNegotiation: { mode },
        listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged } },
      },
    );
    clients.push(client);
    const headers = { Authorization: `Bearer ${key}` };
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${runtime().url}/ai/mcp`), { requestInit: { headers } }),
    );
    return client;
  };
  const readText = (result: { content: unknown }) => (result.content as { text: string }[])[0]!.text;
  const answer = (payload: unknown) =>
    runtime().reactions.set("weather", (message) => runtime().inject("router", { ...message, payload }));

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  for (const [protocol, mode] of [
    ["current", "auto"],
    ["older", "legacy"],
  ] as const) {
    describe(`in the ${protocol} protocol`, () => {
      it("lists the tools with their schemas, and answers a call with what comes back by the wire", async () => {
        await deploy();
        answer({ sky: "clear" });
        const client = await connect(mode);
        assert.equal(client.getNegotiatedProtocolVersion()! >= "2026", mode === "auto");
        const { tools } = await client.listTools();
        assert.deepEqual(
          tools.map(({ name, description }) => [name, description]),
          [
            ["get_weather", WEATHER.description],
            ["get_time", TIME.description],
          ],
        );
        assert.deepEqual(tools[0]!.inputSchema.required, ["city"]);
        const result = await client.callTool({ name: "get_weather", arguments: { city: "Paris" } });
        assert.equal(readText(result), '{"sky":"clear"}');
        assert.notEqual(result.isError, true);
        const [message] = runtime().getMessages("weather");
        assert.deepEqual(message!.payload, { city: "Paris" });
        assert.deepEqual(message!["client"], { name: "Ada" });
        const { name, arguments: args } = message!["toolCall"] as { name: string; arguments: unknown };
        assert.deepEqual([name, args], ["get_weather", { city: "Paris" }]);
      });

      it("refuses arguments that do not fit, and an unknown tool, before any flow sees them", async () => {
        await deploy();
        const client = await connect(mode);
        const wrong = await client.callTool({ name: "get_weather", arguments: { town: "Paris" } });
        assert.equal(wrong.isError, true);
        assert.match(readText(wrong), /do not match the tool's schema/);
        await assert.rejects(client.callTool({ name: "nothing", arguments: {} }), /There is no tool/);
        assert.equal(runtime().getMessages("weather").length, 0);
      });

      it("tells the client of msg.error, and of a tool that does not answer in time", async () => {
        await deploy({ toolTimeout: 0.2 });
        const client = await connect(mode);
        runtime().reactions.set("weather", (message) =>
          runtime().inject("router", { ...message, error: { message: "The station is down." } }),
        );
        const failed = await client.callTool({ name: "get_weather", arguments: { city: "Paris" } });
        assert.deepEqual([failed.isError, readText(failed)], [true, "Error: The station is down."]);
        const late = await client.callTool({ name: "get_time", arguments: {} });
        assert.match(readText(late), /timed out/);
      });

      it("reports the progress of msg.progress", async () => {
        await deploy();
        runtime().reactions.set("weather", (message) => {
          const { toolCall } = message;
          runtime().inject("router", { toolCall, progress: { progress: 1, total: 2, message: "half" } });
          setTimeout(() => runtime().inject("router", { ...message, payload: "done" }), 50);
        });
        const client = await connect(mode);
        const seen: unknown[] = [];
        const result = await client.callTool(
          { name: "get_weather", arguments: { city: "Paris" } },
          { onprogress: (progress) => seen.push(progress) },
        );
        assert.equal(readText(result), "done");
        assert.deepEqual(seen, [{ progress: 1, total: 2, message: "half" }]);
      });

      it("drops an answer that comes after the client has cancelled the call", async () => {
        await deploy();
        const client = await connect(mode);
        const controller = new AbortController();
        const call = client.callTool(
          { name: "get_weather", arguments: { city: "Paris" } },
          { signal: controller.signal },
        );
        const [message] = await runtime().waitUntil("weather", ({ length }) => length > 0);
        controller.abort();
        await assert.rejects(call);
        await waitUntil(() => {
          runtime().logs.length = 0;
          runtime().inject("router", { ...message, payload: "late" });
          return JSON.stringify(runtime().logs).includes("came too late");
        });
      });

      it("refuses a wrong key", async () => {
        await deploy();
        await assert.rejects(connect(mode, "sk-wrong"), /401|auth|not valid for this endpoint/i);
      });
    });
  }

  it("tells clients of both protocols when a deploy changes the tools", async () => {
    let changes = 0;
    await deploy();
    const router = { endpoint: "endpoint", tools: [WEATHER], wires: [[], [], ["weather"]] };
    await connect("auto", KEY, () => changes++);
    const old = await connect("legacy", KEY, () => changes++);
    assert.equal((await old.listTools()).tools.length, 2);
    const flow = [
      TAB,
      { id: "endpoint", type: "chat-endpoint", path: "/ai" },
      createRouterNode(router),
      createSinkNode("weather"),
    ];
    await runtime().deploy(flow, "nodes");
    await waitUntil(() => changes >= 2);
    assert.deepEqual(
      (await old.listTools(undefined, { cacheMode: "refresh" })).tools.map(({ name }) => name),
      ["get_weather"],
    );
  });

  it("keeps the session of a client of the older protocol from others, and answers 404 to an unknown one", async () => {
    await deploy();
    const post = (headers: Record<string, string>) =>
      fetch(`${runtime().url}/ai/mcp`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          authorization: `Bearer ${KEY}`,
          ...headers,
        },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
      });
    assert.equal((await post({ "mcp-session-id": "unknown" })).status, 404);
    const page = await post({ origin: "https://evil.example" });
    assert.equal(page.status, 403);
  });

  it("leaves the address to the flow if no router offers tools there", async () => {
    await deploy({ endpoint: "" });
    const response = await fetch(`${runtime().url}/ai/mcp`, { headers: { authorization: `Bearer ${KEY}` } });
    assert.equal(response.status, 404);
    assert.doesNotMatch(await response.text(), /invalid_request_error/);
  });
});
