import assert from "node:assert/strict";
import { inspect } from "node:util";
import { createRouterFlow } from "../../support/flows/router.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { useTracing } from "../../support/worlds/tracing.js";

const CANARY = "sk-canary-4711-0815-abcdef";
const HEADER_CANARY = "header-canary-31415926";
const TRACE_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("Spans and measurements", () => {
  const tracing = useTracing();
  const service = useService();
  const runtime = useRuntime();
  const quote = `You sent ${CANARY} and ${HEADER_CANARY}.`;

  async function askOnce(payload: string): Promise<void> {
    runtime().clearMessages();
    runtime().inject("router", { payload, traceparent: TRACE_PARENT });
    await runtime().waitForEnds("out");
  }

  const deploy = () =>
    runtime().deploy(createRouterFlow(`${service().url}?key=url-${CANARY}`), "full", {
      provider: { apiKey: CANARY, secretHeaders: `{"x-secret": "${HEADER_CANARY}"}` },
    });

  it("K26: hold no key and no content, however a service quotes them, and go to no service", async () => {
    service().queue.push(
      (reply) => reply.sendJson(401, { error: { message: quote, type: CANARY } }, { "x-request-id": CANARY }),
      (reply) => void reply.send("a", { error: { message: quote, code: CANARY } }).response.end(),
      (reply) => reply.sendText(200, "text/html", `<p>${quote}</p>`),
      (reply) => reply.say("A secret answer"),
    );
    const count = service().queue.length;
    await deploy();
    for (let at = 0; at < count; at++) await askOnce("A secret question");
    const spans = tracing.listSpans();
    assert.equal(spans.length, 2 * count);
    const shown = inspect(
      spans.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
      { depth: 9 },
    );
    assert.doesNotMatch(shown, /canary|secret|<p>/);
    const { point } = (await tracing.measure("gen_ai.client.inference.duration"))!;
    assert.doesNotMatch(inspect(point.attributes), /canary|secret/);
    for (const { headers } of service().requests)
      assert.deepEqual([headers["traceparent"], headers["tracestate"]], [undefined, undefined]);
  });

  it("K26: hide the key in content that the operator wants", async () => {
    const variable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
    process.env[variable] = "true";
    try {
      service().script = (reply) => reply.say(quote);
      await deploy();
      await askOnce(`My key is ${CANARY}, as base64 ${Buffer.from(CANARY).toString("base64")}`);
    } finally {
      delete process.env[variable];
    }
    const shown = JSON.stringify(tracing.findSpans("chat ").map(({ attributes }) => attributes));
    assert.match(shown, /My key is \*\*\*, as base64 \*\*\*/);
    assert.match(shown, /You sent \*\*\* and \*\*\*/);
    assert.ok(!shown.includes(CANARY) && !shown.includes(HEADER_CANARY));
  });
});
