import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import {
  createAskFlow,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  TAB,
} from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

const CANARY = "sk-canary-4711-0815-abcdef";
const SECRET_HEADER = "header-canary-31415926";
const CREDENTIALS = { provider: { apiKey: CANARY, secretHeaders: `{"x-secret": "${SECRET_HEADER}"}` } };

/** The secrets in every form in which they could leak. */
const FORMS = [CANARY, SECRET_HEADER].flatMap((secret) => [
  secret,
  Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  encodeURIComponent(secret),
]);

/** Asserts that text, or any value within an object, contains no secret. */
function assertNoSecret(place: string, content: unknown): void {
  const text =
    typeof content === "string"
      ? content
      : inspect(content, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  for (const form of FORMS) assert.ok(!text.includes(form), `${place} shows ${form}`);
}

/** Captures what is printed during some work. */
async function capturePrinted(work: () => Promise<void>): Promise<string> {
  let printed = "";
  const streams = [process.stdout, process.stderr];
  const writes = streams.map((stream) => stream.write);
  for (const [at, stream] of streams.entries()) {
    stream.write = ((...values: Parameters<typeof stream.write>) => {
      printed += String(values[0]);
      return writes[at]!.apply(stream, values);
    }) as typeof stream.write;
  }
  try {
    await work();
  } finally {
    for (const [at, stream] of streams.entries()) stream.write = writes[at]!;
  }
  return printed;
}

/** Writes a message of a service that quotes the secrets. */
const quoteSecrets = (): string =>
  `You said Bearer ${CANARY} and ${SECRET_HEADER} and ${encodeURIComponent(CANARY)}.`;

/** Closes the connection after the response, because the guard counts open sockets. */
const CLOSE_CONNECTION = { connection: "close" };

describe("Key of a provider", () => {
  const service = useService();
  const runtime = useRuntime({ settings: { disableEditor: false } });

  const createFlow = () => [
    TAB,
    createProviderNode(service().url, { idleTimeout: "0.1", tolerant: false }),
    { ...createAskFlow(service().url, { wires: [["out", "collect", "debug"]], conversation: "flow" })[2]! },
    createCollectNode({ wires: [["finished"], ["finished"]] }),
    createFlowNode("debug", "debug", [], {
      active: true,
      complete: "true",
      console: "true",
      tostatus: true,
      tosidebar: true,
    }),
    ...["out", "finished", "errors", "completed", "stati"].map(createSinkNode),
    createFlowNode("catch", "catch", ["errors"], { scope: null }),
    createFlowNode("complete", "complete", ["completed"], { scope: ["ask", "collect"] }),
    createFlowNode("status", "status", ["stati"], { scope: null }),
  ];

  it("K04: is in no message, status, log, output, debug message, file or export after any failure", async () => {
    const comms: unknown[] = [];
    const { events } = runtime().red as unknown as {
      events: { on(name: string, listener: (event: unknown) => void): void };
    };
    events.on("comms", (event) => comms.push(event));
    const { queue } = service();
    queue.push(
      (reply) => reply.say("Hello"),
      (reply) => reply.sendJson(401, { error: { message: quoteSecrets() } }, { "x-request-id": CANARY }),
      (reply) =>
        reply.sendJson(429, { error: { message: quoteSecrets(), type: CANARY } }, { "retry-after": CANARY }),
      (reply) => reply.sendText(404, "text/html", `<p>${quoteSecrets()}</p>`),
      (reply) => reply.sendText(200, "text/html", `<p>${quoteSecrets()}</p>`),
      (reply) => reply.sendJson(200, { error: quoteSecrets() }),
      (reply) => void reply.send("a", { error: { message: quoteSecrets(), code: "boom" } }).response.end(),
      (reply) => void reply.open().response.end(`event: error\ndata: ${quoteSecrets()}\n\n`),
      (reply) => void reply.open().response.end(`data: {${quoteSecrets()}\n\n`),
      (reply) => void reply.response.writeHead(302, { location: `http://127.0.0.1/?key=${CANARY}` }).end(),
      (reply) => reply.drop(),
      (reply) => void reply.send("half"),
      (reply) => reply.sendJson(500, {}),
    );
    const replyCount = queue.length;
    const printed = await capturePrinted(async () => {
      await runtime().deploy(createFlow(), "full", CREDENTIALS);
      for (let at = 0; at < replyCount; at++) {
        runtime().inject("ask", { payload: `${at}`, topic: "t" });
        await runtime().waitForEnds("out", at + 1);
      }
      assert.equal(service().requests.length, replyCount);
      service().script = (reply) => reply.sendJson(401, { error: { message: quoteSecrets() } });
      const calls = [
        ["GET", "/chat-provider/provider/models"],
        ["POST", "/chat-provider/provider/test"],
        ["GET", "/chat-provider/providers"],
        ["GET", "/flows"],
        ["GET", "/credentials/chat-provider/provider"],
      ] as const;
      for (const [method, path] of calls) {
        assertNoSecret(
          path,
          await (await fetch(runtime().url + path, { method, headers: CLOSE_CONNECTION })).text(),
        );
      }
      service().script = (reply) => void reply.send("half");
      runtime().inject("ask", { payload: "last", topic: "t" });
      await service().waitForRequests(replyCount + 3);
      await runtime().deploy([...createFlow(), createSinkNode("more")], "full");
      await pause();
    });
    assert.ok(service().requests.every(({ headers }) => headers.authorization === `Bearer ${CANARY}`));
    assert.ok(service().requests.every(({ headers }) => headers["x-secret"] === SECRET_HEADER));
    assert.ok(runtime().getMessages("errors").length >= replyCount - 2);
    assert.ok(comms.length > replyCount);
    assertNoSecret("a message", runtime().arrivals.messages);
    assertNoSecret("a status", runtime().statuses.messages);
    assertNoSecret("the log", runtime().logs);
    assertNoSecret("the editor's channel", comms);
    assertNoSecret("the output", printed);
    assertNoSecret("the flow file", readFileSync(join(runtime().userDir, "flows.json"), "utf8"));
    assertNoSecret("the credentials file", readFileSync(join(runtime().userDir, "flows_cred.json"), "utf8"));
  });

  it("K06: reaches the editor only as a flag that it is set, and is in no flow", async () => {
    await runtime().deploy(createFlow(), "full", CREDENTIALS);
    const fetchJson = async (path: string) =>
      (await fetch(runtime().url + path, { headers: CLOSE_CONNECTION })).json() as Promise<unknown>;
    assert.deepEqual(await fetchJson("/credentials/chat-provider/provider"), {
      has_apiKey: true,
      has_secretHeaders: true,
    });
    assertNoSecret("the flows", await fetchJson("/flows"));
    assertNoSecret("the flow", await fetchJson("/flow/tab"));
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("out");
    assert.equal(service().requests[0]!.headers.authorization, `Bearer ${CANARY}`);
  });

  it("K19: is protected by certificate checks, and the log warns once if the environment turns them off", async () => {
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      for (let times = 0; times < 3; times++) await runtime().deploy(createFlow(), "full", CREDENTIALS);
    } finally {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
    }
    const warnings = runtime().logs.filter(({ msg }) => /NODE_TLS_REJECT_UNAUTHORIZED/.test(String(msg)));
    assert.equal(warnings.length, 1);
  });

  it("K19: is protected by certificate checks that no setting of a provider turns off", () => {
    const source = readFileSync(join(__dirname, "../../../src/node-red/chat-provider/config.ts"), "utf8");
    assert.doesNotMatch(source, /rejectUnauthorized/);
  });
});

describe("Text of a model", () => {
  const service = useService();
  const runtime = useRuntime();
  const HOSTILE = '<img src=x onerror="alert(1)"><script>alert(1)</script>{{payload}}';

  it("K17: is in the payload as it came, and in no status", async () => {
    service().script = (reply) => reply.say(HOSTILE, HOSTILE);
    await runtime().deploy(
      createAskFlow(service().url, { wires: [["out", "collect"]] }).concat(
        createCollectNode(),
        createSinkNode("finished"),
        createSinkNode("unfinished"),
      ),
    );
    runtime().inject("ask", { payload: "Hi" });
    const [message] = await runtime().waitUntil("finished", (messages) => messages.length === 1);
    assert.equal(message!.payload, HOSTILE + HOSTILE);
    await waitUntil(
      () => runtime().statuses.messages.at(-1)?.status?.fill === "green",
      "the status is green",
    );
    assert.ok(!inspect(runtime().statuses.messages, { depth: 9 }).includes("<"));
  });

  it("K17: stays a string if it looks like JSON, unless the author has it parsed", async () => {
    service().script = (reply) =>
      reply.say('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}');
    const parsingCollect = createCollectNode({
      id: "parsing",
      parse: "json",
      wires: [["parsed"], ["refused"]],
    });
    await runtime().deploy(
      createAskFlow(service().url, { wires: [["collect", "parsing"]] }).concat(
        createCollectNode(),
        parsingCollect,
        ...["finished", "unfinished", "parsed", "refused"].map(createSinkNode),
      ),
    );
    runtime().inject("ask", { payload: "Hi" });
    const [plain] = await runtime().waitUntil("finished", (messages) => messages.length === 1);
    assert.equal(typeof plain!.payload, "string");
    const [refused] = await runtime().waitUntil("refused", (messages) => messages.length === 1);
    assert.equal((refused!.error as { code: string }).code, "bad_response");
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  });
});
