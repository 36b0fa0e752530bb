import assert from "node:assert/strict";
import { inspect } from "node:util";
import {
  createAskFlow,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import {
  answerCalls,
  createCallChunks,
  createRouterFlow,
  readRequestMessages,
} from "../../support/flows/router.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

/** A text that forges a line of the log, clears a terminal, and turns the direction of what follows. */
const HOSTILE = "x\r\n[info] all is well\x1b[2J\x07\x9b1m\u202e\u2028end";
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e]/u;
const CANARY = "sk-Canary/4711+0815=Abcdef";

describe("Text from outside", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Lists what reached the log, errors and statuses of the test. */
  const listShown = () => [
    ...runtime().logs.map(({ msg }) => (msg instanceof Error ? msg.message : String(msg))),
    ...runtime().statuses.messages.map(({ status }) => status?.text ?? ""),
    ...runtime()
      .getMessages("errors")
      .map(({ error }) => (error as Error).message),
  ];
  const assertPrintable = (quoted: RegExp) => {
    const shown = listShown();
    assert.ok(
      shown.some((text) => quoted.test(text)),
      `quoted in ${inspect(shown)}`,
    );
    for (const text of shown) assert.doesNotMatch(text, UNPRINTABLE, JSON.stringify(text));
  };

  for (const [place, script] of [
    ["an error in JSON", (reply) => reply.sendJson(400, { error: { message: HOSTILE } })],
    ["an error page", (reply) => reply.sendText(502, "text/html", `<p>${HOSTILE}</p>`)],
    [
      "an error in the stream",
      (reply) => void reply.send("a", { error: { message: HOSTILE } }).response.end(),
    ],
    [
      "an event of an error",
      (reply) => void reply.open().response.end(`event: error\ndata: ${HOSTILE.replace(/[\r\n]/g, " ")}\n\n`),
    ],
    ["the code of an error", (reply) => reply.sendJson(400, { error: { code: HOSTILE, message: HOSTILE } })],
  ] as readonly (readonly [string, Script])[]) {
    it(`K22: is printable in logs and errors if it is ${place} of a service`, async () => {
      service().script = script;
      await runtime().deploy(createAskFlow(service().url));
      runtime().logs.length = 0;
      runtime().inject("ask", { payload: "q" });
      const [last] = await runtime().waitForEnds("out");
      assert.doesNotMatch((last!.error as Error).message, UNPRINTABLE);
      await pause(300);
      assertPrintable(/\[info\] all is well.*\[2J/);
    });
  }

  it("K22: is printable in logs and statuses if it is the name of a tool that a model calls", async () => {
    service().script = (reply, request) => {
      const hasResult = readRequestMessages(request).some(({ role }) => role === "tool");
      if (hasResult) reply.say("done");
      else reply.send(...createCallChunks(HOSTILE, {})).finish("tool_calls");
    };
    const tools = [{ type: "function", function: { name: HOSTILE, parameters: { type: "object" } } }];
    const router = { otherTools: true, toolTimeout: 0.05, wires: [["out"], ["ask"], [], [], ["weather"]] };
    await runtime().deploy(createRouterFlow(service().url, { router }));
    runtime().inject("router", { payload: "q", tools });
    await runtime().waitForEnds("out");
    await pause(600);
    assertPrintable(/\[info\] all is well/);
  });

  it("K22: is printable if it is the tool's name in an answer that comes too late", async () => {
    service().script = (reply) => reply.say("done");
    await runtime().deploy(createRouterFlow(service().url));
    runtime().inject("router", { payload: "q" });
    await runtime().waitForEnds("out");
    const [last] = runtime().getMessages("out").slice(-1);
    assert.equal(last!.finishReason, "stop");
    answerCalls(runtime(), "weather", () => "");
    for (const run of ["gone", last!.parts!.id])
      runtime().inject("router", {
        payload: "late",
        toolCall: { id: "c", run, node: "router", name: HOSTILE },
      });
    await pause(50);
    assertPrintable(/\[info\] all is well/);
  });
});

describe("A key that a service quotes", () => {
  const service = useService();
  const runtime = useRuntime();
  const CREDENTIALS = { provider: { apiKey: CANARY } };
  const FORMS = [
    CANARY,
    CANARY.toLowerCase(),
    CANARY.toUpperCase(),
    encodeURIComponent(CANARY).toLowerCase(),
    Buffer.from(CANARY).toString("base64url"),
    Buffer.from(`me:${CANARY}`).toString("base64"),
    Buffer.from(CANARY).toString("hex"),
  ];

  it("K21: is hidden in any form, and wherever a limit cuts it off", async () => {
    await runtime().deploy(createAskFlow(service().url), "full", CREDENTIALS);
    for (const form of FORMS) {
      for (const before of [0, 280, 295, 2_395]) {
        service().script = (reply) =>
          reply.sendJson(
            401,
            { error: { message: `${" ".repeat(before)}${form} is wrong` } },
            { "x-request-id": `${"r".repeat(190)}${form}` },
          );
        runtime().clearMessages();
        runtime().inject("ask", { payload: "q" });
        const [last] = await runtime().waitForEnds("out");
        const text = inspect(last, { depth: null });
        // The login before the key is none of it.
        const secret = form.replace(/^bWU6/, "");
        for (let length = 8; length <= secret.length; length++)
          assert.ok(!text.includes(secret.slice(0, length)), `${secret.slice(0, length)} in ${text}`);
      }
    }
  });

  it("K21: is hidden in a content type, whose letters are made small", async () => {
    await runtime().deploy(createAskFlow(service().url), "full", CREDENTIALS);
    service().script = (reply) => reply.sendText(200, `text/${"x".repeat(50)}-${CANARY}`, "<p>");
    runtime().inject("ask", { payload: "q" });
    const [last] = await runtime().waitForEnds("out");
    assert.doesNotMatch((last!.error as Error).message, /canary/i);
  });

  it("K21: is hidden if it is a part of the base URL", async () => {
    const baseUrl = `${service().url}?api-version=2024-10-21&api_key=${encodeURIComponent(CANARY)}`;
    await runtime().deploy(createAskFlow(baseUrl));
    service().script = (reply, { path }) =>
      reply.sendJson(400, { error: { message: `No ${CANARY} at ${path}` } });
    runtime().inject("ask", { payload: "q" });
    const [last] = await runtime().waitForEnds("out");
    const { message } = last!.error as Error;
    assert.doesNotMatch(message, /canary/i);
    assert.match(message, /api-version=2024-10-21/);
  });

  it("K21: is hidden in the editor's list of models", async () => {
    await runtime().deploy(createAskFlow(service().url), "full", CREDENTIALS);
    service().script = (reply) => reply.sendJson(200, { data: FORMS.map((form) => ({ id: `m ${form}` })) });
    const response = await fetch(`${runtime().url}/chat-provider/provider/models`, {
      headers: { connection: "close" },
    });
    const { models } = (await response.json()) as { models: string[] };
    assert.equal(models.length, FORMS.length);
    assert.doesNotMatch(models.join(), /canary/i);
  });

  it("K21: is hidden in the headers that come with sound", async () => {
    await runtime().deploy(
      [
        TAB,
        createProviderNode(service().url),
        createFlowNode("speech-stream", "speak", ["out"], { provider: "provider" }),
        createSinkNode("out"),
        ...createWitnessNodes("speak"),
      ],
      "full",
      CREDENTIALS,
    );
    service().script = ({ response }) => {
      response.writeHead(200, { "content-type": "audio/mpeg", "x-request-id": CANARY });
      response.end("sound");
    };
    runtime().inject("speak", { payload: "Hello." });
    const [last] = await runtime().waitForEnds("out");
    assert.equal((last!["headers"] as Record<string, string>)["x-request-id"], "***");
  });
});
