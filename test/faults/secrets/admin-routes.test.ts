import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createAskFlow } from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

const ROUTES = [
  ["GET", "/chat-provider/providers"],
  ["GET", "/chat-provider/provider/models"],
  ["POST", "/chat-provider/provider/test"],
] as const;

/** Node-RED permissions by token. */
const PERMISSIONS: Readonly<Record<string, string>> = { reader: "read", author: "*", nobody: "" };

/** Closes the connection after the response, because the guard counts open sockets. */
const CLOSE_CONNECTION = { connection: "close" };

describe("Admin routes", () => {
  const service = useService();
  const runtime = useRuntime({
    settings: {
      adminAuth: {
        type: "credentials",
        users: [],
        tokens: async (token: string) =>
          token in PERMISSIONS ? { username: token, permissions: PERMISSIONS[token] } : null,
      },
    },
  });

  /** Requests a route. @returns its status and body, parsed if the route answered 200 */
  async function request(method: string, path: string, token?: string, body?: object) {
    const response = await fetch(runtime().url + path, {
      method,
      headers: {
        ...CLOSE_CONNECTION,
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body ? { "content-type": "application/json" } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    return {
      status: response.status,
      type: response.headers.get("content-type") ?? "",
      body: (response.ok ? JSON.parse(text) : text) as Record<string, unknown>,
    };
  }

  beforeEach(async () => {
    service().script = (reply) => reply.sendJson(200, { data: [{ id: "model-b" }, { id: "model-a" }] });
    await runtime().deploy(createAskFlow(service().url));
  });

  it("K13: refuse requests without a token or with a wrong one", async () => {
    for (const [method, path] of ROUTES) {
      for (const token of [undefined, "forged"])
        assert.equal((await request(method, path, token)).status, 401, path);
    }
    assert.equal(service().requests.length, 0);
  });

  it("K13: list the providers for users who may read, but ask a service only for users who may write", async () => {
    assert.equal((await request("GET", "/chat-provider/providers", "reader")).status, 200);
    for (const [method, path] of ROUTES.slice(1))
      assert.equal((await request(method, path, "reader")).status, 401, path);
    assert.equal(service().requests.length, 0);
    for (const [method, path] of ROUTES)
      assert.equal((await request(method, path, "author")).status, 200, path);
    assert.equal(service().requests.length, 2);
  });

  it("K13: test what stands in the editor, and start a program for it, only for users who may write", async () => {
    const provider = { id: "new", config: { provider: "custom", baseUrl: service().url } };
    const server = { id: "new", config: { transport: "stdio", command: "no-such-program" } };
    const drafts = [
      ["/chat-provider/draft/models", provider],
      ["/chat-provider/draft/test", provider],
      ["/mcp-server/draft/test", server],
    ] as const;
    for (const [path, draft] of drafts) {
      for (const token of [undefined, "forged", "nobody", "reader"])
        assert.equal((await request("POST", path, token, draft)).status, 401, `${path} ${token}`);
    }
    assert.equal(service().requests.length, 0);
    for (const [path, draft] of drafts)
      assert.equal((await request("POST", path, "author", draft)).status, 200, path);
  });

  it("list the providers with the fields that the editor needs", async () => {
    const { body } = await request("GET", "/chat-provider/providers", "reader");
    const providers = body as unknown as {
      id: string;
      baseUrl?: string;
      keyRequired: boolean;
      keyVariable?: string;
    }[];
    assert.equal(providers[0]!.id, "demo");
    const openai = providers.find(({ id }) => id === "openai")!;
    assert.equal(openai.baseUrl, "https://api.openai.com/v1");
    assert.equal(openai.keyRequired, true);
    assert.equal(openai.keyVariable, "OPENAI_API_KEY");
  });

  it("list models in the service's order, and report a working connection in one line", async () => {
    const models = await request("GET", "/chat-provider/provider/models", "author");
    assert.deepEqual(models.body, { models: ["model-b", "model-a"], capabilities: {}, ends: {} });
    const test = await request("POST", "/chat-provider/provider/test", "author");
    assert.equal(test.body["ok"], true);
    assert.match(String(test.body["message"]), /2/);
    assert.ok(service().requests.every(({ method, path }) => method === "GET" && path === "/v1/models"));
  });

  it("say what failed and what to change if the service refuses the key", async () => {
    service().script = (reply) => reply.sendJson(401, { error: { message: "Incorrect API key" } });
    const models = await request("GET", "/chat-provider/provider/models", "author");
    assert.equal((models.body["error"] as { code: string }).code, "authentication");
    const test = await request("POST", "/chat-provider/provider/test", "author");
    assert.deepEqual([test.body["ok"], test.body["code"]], [false, "authentication"]);
    assert.match(String(test.body["message"]), /Check the API key/);
  });

  it("K14: find a provider only by the id of a deployed node, and take no address from a request", async () => {
    let visited = 0;
    const elsewhere = createServer((_request, response) => {
      visited++;
      response.end("{}");
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    const { port } = elsewhere.address() as { port: number };
    const url = `http://127.0.0.1:${port}/v1`;
    const query = `?${new URLSearchParams({ url, baseUrl: url, provider: "openai", apiKey: "x" })}`;
    try {
      for (const id of [
        "provider",
        "ask",
        "nobody",
        "__proto__",
        "constructor",
        encodeURIComponent(url),
        "..%2f..%2fflows",
      ]) {
        const models = await request("GET", `/chat-provider/${id}/models${query}`, "author");
        const test = await request("POST", `/chat-provider/${id}/test${query}`, "author", {
          baseUrl: url,
          url,
          id: "provider",
        });
        if (id === "provider") continue;
        assert.equal((models.body["error"] as { code: string }).code, "configuration", id);
        assert.deepEqual([test.body["ok"], test.body["code"]], [false, "configuration"], id);
      }
      assert.equal(visited, 0);
      assert.equal(service().requests.length, 2);
    } finally {
      elsewhere.close();
    }
  });

  it("K15: list at most a thousand models", async () => {
    const data = Array.from({ length: 20_000 }, (_, at) => ({ id: `m${at}` }));
    service().script = (reply) => reply.sendJson(200, { data });
    const { body } = await request("GET", "/chat-provider/provider/models", "author");
    assert.equal((body["models"] as string[]).length, 1000);
  });

  it("K15: fail with limit on a model list of more than a megabyte, and stop reading it", async () => {
    let sent = 0;
    service().script = async (reply, { gone }) => {
      let hasLeft = false;
      void gone.then(() => {
        hasLeft = true;
      });
      const { response } = reply;
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"data":[');
      const part = JSON.stringify({ id: "m".repeat(1000) })
        .concat(",")
        .repeat(100);
      while (!hasLeft && sent < 100_000_000) {
        sent += part.length;
        if (!response.write(part)) {
          await Promise.race([new Promise((resolve) => response.once("drain", resolve)), gone]);
        }
      }
    };
    const { body } = await request("GET", "/chat-provider/provider/models", "author");
    const { code, message } = body["error"] as { code: string; message: string };
    assert.equal(code, "limit");
    assert.match(message, /longer/);
    await service().requests[0]!.gone;
    assert.ok(sent < 20_000_000, `${sent} bytes were sent`);
  });

  it("K15: fail with bad_response if the model list is not a list, and skip entries that are not names", async () => {
    for (const list of ["Hello", { data: "x" }, 7, null]) {
      service().script = (reply) => reply.sendJson(200, list);
      const { body } = await request("GET", "/chat-provider/provider/models", "author");
      assert.equal((body["error"] as { code: string }).code, "bad_response");
    }
    service().script = (reply) => reply.sendJson(200, { data: [{ id: 5 }, null, "named", { id: "good" }] });
    const { body } = await request("GET", "/chat-provider/provider/models", "author");
    assert.deepEqual(body["models"], ["named", "good"]);
  });

  it("K11: send model names and messages as JSON, never as a page, even if they contain HTML", async () => {
    const names = ["<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "a\nb", "日本"];
    service().script = (reply) => reply.sendJson(200, { data: names.map((id) => ({ id })) });
    const { body, type } = await request("GET", "/chat-provider/provider/models", "author");
    assert.deepEqual(body["models"], names);
    assert.match(type, /^application\/json/);
    service().script = (reply) => reply.sendJson(404, { error: { message: names[0] } });
    const test = await request("POST", "/chat-provider/provider/test", "author");
    assert.match(test.type, /^application\/json/);
  });
});
