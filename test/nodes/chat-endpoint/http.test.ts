import assert from "node:assert/strict";
import { createFlowNode } from "../../support/flows/nodes.js";
import { createEndpointNode, createServedFlow, deployServed, KEY } from "../../support/flows/serving.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { TestRuntime } from "../../support/runtime/node-red-runtime.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { RawClient } from "../../support/serving/raw-client.js";

const ASKED = { model: "house", messages: [{ role: "user", content: "Hi" }] };
const AUTHORIZATION = { authorization: `Bearer ${KEY}` };

const ask = (url: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/chat/completions`, { method: "POST", headers: { ...AUTHORIZATION, ...headers }, body });

async function readError(response: Response): Promise<{ message: string; type: string }> {
  assert.match(response.headers.get("content-type")!, /^application\/json/);
  const { error } = (await response.json()) as { error: { message: string; type: string } };
  assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"]);
  return error;
}

describe("HTTP of a chat-endpoint", () => {
  const runtime = useRuntime();
  const service = useService();
  const deploy = (more: Parameters<typeof createServedFlow>[1] = {}) =>
    deployServed(runtime(), createServedFlow(service().url, more));
  const url = () => `${runtime().url}/ai`;

  it("takes the JSON of a request whatever type it claims to have", async () => {
    await deploy();
    for (const type of [
      "application/json",
      "application/json; charset=latin1",
      "application/x-www-form-urlencoded",
      "text/plain",
      "multipart/form-data; boundary=x",
      "nonsense",
    ]) {
      const response = await ask(url(), JSON.stringify(ASKED), { "content-type": type });
      assert.equal(response.status, 200, type);
    }
    assert.equal((await ask(url(), `\uFEFF${JSON.stringify(ASKED)}`)).status, 200);
  });

  it("refuses a body that is no JSON object, in JSON and before Node-RED's own parser gets it", async () => {
    await deploy();
    for (const body of [
      "",
      "{",
      "[]",
      "null",
      '"Hi"',
      "model=house",
      '{"__proto__": {}}',
      `${'{"a":'.repeat(80)}1${"}".repeat(80)}`,
    ]) {
      for (const type of ["application/json", "application/x-www-form-urlencoded"]) {
        const response = await ask(url(), body, { "content-type": type });
        assert.equal(response.status, 400, body.slice(0, 40));
        const { message } = await readError(response);
        assert.doesNotMatch(message, /node_modules|SyntaxError|position/);
      }
    }
  });

  it("refuses a body that is not UTF-8, whatever charset it claims, and takes escapes in it", async () => {
    await deploy();
    const post = (body: string | Buffer, type = "application/json") =>
      fetch(`${url()}/v1/chat/completions`, {
        method: "POST",
        headers: { ...AUTHORIZATION, "content-type": type },
        body,
      });
    const body = JSON.stringify({ ...ASKED, messages: [{ role: "user", content: "grün" }] });
    for (const type of ["application/json", "application/json; charset=iso-8859-1"]) {
      const response = await post(Buffer.from(body, "latin1"), type);
      assert.equal(response.status, 400);
      assert.match(
        (await readError(response)).message,
        /^The body of the request is not UTF-8\. Send JSON in UTF-8/,
      );
      assert.equal((await post(body, type)).status, 200);
    }
    assert.equal((await post(Buffer.from(body.replace("ü", "\\u00fc"), "latin1"))).status, 200);
    for (const { body } of service().requests)
      assert.deepEqual(body["messages"], [{ role: "user", content: "grün" }]);
    assert.equal(service().requests.length, 3);
  });

  it("reads parameters in an address as what they are, and names one that is not", async () => {
    await deploy();
    const get = (query: string) => fetch(`${url()}/events?prompt=5&${query}`, { headers: AUTHORIZATION });
    const query =
      "temperature=0.5&max_tokens=7&logprobs=true&stop=3&reasoning_effort=low&logit_bias=%7B%225%22%3A1%7D";
    assert.equal((await get(query)).status, 200);
    const { messages, model, stream, stream_options, ...parameters } = service().requests[0]!.body;
    assert.deepEqual(messages, [{ role: "user", content: "5" }]);
    assert.deepEqual(parameters, {
      ...{ temperature: 0.5, max_tokens: 7, logprobs: true },
      ...{ stop: "3", reasoning_effort: "low", logit_bias: { 5: 1 } },
    });
    const response = await get("temperature=hot");
    assert.equal(response.status, 400);
    assert.match(
      (await readError(response)).message,
      /^The field temperature of the request must be a number/,
    );
  });

  it("takes bodies that are larger than Node-RED's editor takes, up to 16 MiB", async () => {
    await deploy();
    const grow = (bytes: number) =>
      JSON.stringify({ ...ASKED, messages: [{ role: "user", content: "x".repeat(bytes) }] });
    assert.equal((await ask(url(), grow(6 * 1024 * 1024))).status, 200);
    const response = await ask(url(), grow(17 * 1024 * 1024));
    assert.equal(response.status, 413);
    assert.match((await readError(response)).message, /16777216 bytes/);
    // Without a length, it is counted while it arrives.
    const client = await RawClient.connect(runtime().url);
    client.send("POST /ai/v1/chat/completions HTTP/1.1", {
      Authorization: `Bearer ${KEY}`,
      "Transfer-Encoding": "chunked",
    });
    const chunk = `${(1024 * 1024).toString(16)}\r\n${"x".repeat(1024 * 1024)}\r\n`;
    for (let sent = 0; sent < 17; sent++) client.socket.write(chunk);
    await client.waitFor(/^HTTP\/1.1 413 /);
    client.leave();
    assert.equal(service().requests.length, 1);
  });

  it("refuses a compressed body, and one that stops arriving", async () => {
    await deploy();
    assert.equal((await ask(url(), "x", { "content-encoding": "gzip" })).status, 415);
    const client = await RawClient.connect(runtime().url);
    client.send("POST /ai/v1/chat/completions HTTP/1.1", {
      Authorization: `Bearer ${KEY}`,
      "Content-Length": "100",
    });
    client.socket.write("{");
    client.leave();
    await ask(url(), JSON.stringify(ASKED));
    assert.equal(service().requests.length, 1);
  });

  it("answers in JSON at every address of a form, and leaves the others to the flow", async () => {
    const page: FlowNode[] = [
      createFlowNode("http in", "page", ["respond"], { url: "/ai/page", method: "post" }),
      createFlowNode("http response", "respond", []),
    ];
    await deploy({ nodes: page });
    const get = (path: string, method = "GET") => fetch(url() + path, { method, headers: AUTHORIZATION });
    for (const [path, method, status] of [
      ["/v1", "GET", 404],
      ["/v1/nothing", "POST", 404],
      ["/v1/models/nothing", "GET", 404],
      ["/v1/chat/completions", "GET", 405],
      ["/v1/models", "POST", 405],
      ["/models", "DELETE", 405],
    ] as const) {
      const response = await get(path, method);
      assert.equal(response.status, status, path);
      await readError(response);
      if (status === 405) assert.match(response.headers.get("allow")!, /POST|GET, HEAD/);
    }
    const head = await get("/v1/models", "HEAD");
    assert.equal(head.status, 200);
    assert.equal(await head.text(), "");
    assert.equal((await get("/v1/chat/completions", "HEAD")).status, 405);
    assert.equal(service().requests.length, 0);
    const own = await fetch(`${url()}/page`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"a":1}',
    });
    assert.deepEqual(await own.json(), { a: 1 });
  });

  it("tells browsers and proxies not to hold a stream back, and names each request", async () => {
    await deploy();
    const response = await ask(url(), JSON.stringify({ ...ASKED, stream: true }));
    assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    assert.equal(response.headers.get("cache-control"), "no-cache, no-transform");
    assert.equal(response.headers.get("x-accel-buffering"), "no");
    assert.match(response.headers.get("x-request-id")!, /^[0-9a-f-]{36}$/);
    assert.match(await response.text(), /\[DONE\]/);
  });

  it("serves a client of HTTP/1.0", async () => {
    await deploy();
    const client = await RawClient.connect(runtime().url);
    client.send(
      "POST /ai/v1/chat/completions HTTP/1.0",
      AUTHORIZATION,
      JSON.stringify({ ...ASKED, stream: true }),
    );
    const answer = await client.waitUntilClosed();
    assert.match(answer, /^HTTP\/1.1 200 /);
    assert.doesNotMatch(answer, /transfer-encoding/i);
    assert.match(answer, /Hello.*\[DONE\]\n\n$/s);
  });

  it("writes characters of all lengths", async () => {
    await deploy();
    const text = "ä水🙂\u2028</script>";
    service().script = (reply) => reply.say(text);
    const answer = (await (await ask(url(), JSON.stringify(ASKED))).json()) as {
      choices: { message: { content: string } }[];
    };
    assert.equal(answer.choices[0]?.message.content, text);
  });

  it("stands at its path only while it is deployed", async () => {
    await deploy({ endpoint: { path: "a/b/" } });
    const at = (path: string) => fetch(`${runtime().url}${path}/v1/models`, { headers: AUTHORIZATION });
    assert.equal((await at("/a/b")).status, 200);
    assert.equal((await at("/A/B")).status, 200);
    assert.equal((await at("/ai")).status, 404);
    await deploy({ endpoint: { path: "/c" } });
    assert.equal((await at("/a/b")).headers.get("content-type"), "text/html; charset=utf-8");
    assert.equal((await at("/c")).status, 200);
    await runtime().deploy([]);
    assert.equal((await at("/c")).headers.get("content-type"), "text/html; charset=utf-8");
  });

  it("leaves its path to the endpoint that has it already, and its name to the chat-in that has it", async () => {
    await deploy({
      nodes: [
        createEndpointNode({ id: "endpoint-2", open: true }),
        createFlowNode("chat-in", "in-2", ["ask"], { endpoint: "endpoint-2", models: ["other"] }),
        createFlowNode("chat-in", "in-3", ["ask"], { endpoint: "endpoint", models: ["house", "third"] }),
      ],
    });
    assert.equal((await fetch(`${url()}/v1/models`)).status, 401);
    const list = (await (await fetch(`${url()}/v1/models`, { headers: AUTHORIZATION })).json()) as {
      data: { id: string }[];
    };
    assert.deepEqual(
      list.data.map(({ id }) => id),
      ["house", "third"],
    );
    const getStatus = (id: string) =>
      runtime()
        .statuses.messages.filter((entry) => entry.id === id)
        .at(-1)?.status;
    await runtime().statuses.waitUntil(
      () => getStatus("in-2") !== undefined && getStatus("in-3") !== undefined,
    );
    assert.deepEqual(getStatus("in-2"), { fill: "red", shape: "ring", text: "path is taken" });
    assert.deepEqual(getStatus("in-3"), { fill: "red", shape: "ring", text: "house is taken" });
    const warnings = runtime().logs.map(({ msg }) => String(msg));
    assert.ok(warnings.some((text) => /Another chat-endpoint already uses \/ai/.test(text)));
    assert.ok(warnings.some((text) => /already answers as “house”/.test(text)));
  });

  it("says that a chat-in has no endpoint or no name", async () => {
    await deploy({
      nodes: [
        createFlowNode("chat-in", "lost", ["ask"], { models: ["x"] }),
        createFlowNode("chat-in", "nameless", ["ask"], { endpoint: "endpoint", models: [] }),
      ],
    });
    const texts = await runtime().statuses.waitUntil(
      (all) => all.filter(({ status }) => status?.fill === "red").length === 2,
    );
    assert.deepEqual(texts.flatMap(({ id, status }) => (status?.text ? [[id, status.text]] : [])).sort(), [
      ["lost", "no endpoint"],
      ["nameless", "no name"],
    ]);
  });
});

describe("A chat-endpoint in other settings of Node-RED", () => {
  const service = useService();
  let runtime: TestRuntime | undefined;
  const start = async (settings: Record<string, unknown>) => {
    runtime = await TestRuntime.start({ settings });
    await deployServed(runtime, createServedFlow(service().url));
    return runtime.url;
  };
  afterEach(async () => {
    await runtime?.deploy([]);
    await runtime?.stop();
    runtime = undefined;
  });

  it("stands below the HTTP root of flows, apart from the editor's", async () => {
    const url = await start({ httpAdminRoot: "/admin", httpNodeRoot: "/flows/" });
    assert.equal((await ask(`${url}/flows/ai`, JSON.stringify(ASKED))).status, 200);
    assert.equal((await ask(`${url}/flows/ai`, "{")).status, 400);
    assert.equal((await fetch(`${url}/ai/v1/models`, { headers: AUTHORIZATION })).status, 404);
  });

  it("is not bound by the editor's limit of bodies", async () => {
    const url = await start({ apiMaxLength: "1kb" });
    const body = JSON.stringify({ ...ASKED, user: "x".repeat(5000) });
    assert.equal((await ask(`${url}/ai`, body)).status, 200);
  });

  it("stands behind Node-RED's own password, and takes its key beside it", async () => {
    const check = (
      request: { headers: Record<string, string> },
      response: { sendStatus(code: number): void },
      next: () => void,
    ) => (request.headers["authorization"] === "Basic eDp5" ? next() : response.sendStatus(401));
    const url = await start({ httpNodeAuth: check });
    assert.equal((await ask(`${url}/ai`, JSON.stringify(ASKED))).status, 401);
    const both = { authorization: "Basic eDp5", "x-api-key": KEY };
    assert.equal((await ask(`${url}/ai`, JSON.stringify(ASKED), both)).status, 200);
  });

  it("stands behind the middleware of the settings", async () => {
    const seen: string[] = [];
    const url = await start({
      httpNodeMiddleware: (
        request: { url: string },
        response: { sendStatus(code: number): void },
        next: () => void,
      ) => {
        seen.push(request.url);
        if (seen.length > 1) response.sendStatus(418);
        else next();
      },
    });
    assert.equal((await ask(`${url}/ai`, JSON.stringify(ASKED))).status, 200);
    assert.equal((await ask(`${url}/ai`, JSON.stringify(ASKED))).status, 418);
  });

  it("says that HTTP is turned off", async () => {
    await start({ httpNodeRoot: false });
    await runtime!.statuses.waitUntil((all) => all.some(({ status }) => status?.text === "no HTTP"));
  });
});
