import assert from "node:assert/strict";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { Message } from "../../../src/node-red/red/api.js";
import { answerByCalls, createMcpFlow, createProgramNode, EVERYTHING } from "../../support/flows/mcp.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import {
  answerByWeatherTool,
  answerCalls,
  createCallChunks,
  createRouterFlow,
} from "../../support/flows/router.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { createChunk } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";
import { readParentId, readSpanId, useTracing } from "../../support/worlds/tracing.js";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const PARENT_ID = "b7ad6b7169203331";
const TRACE_PARENT = `00-${TRACE_ID}-${PARENT_ID}-01`;

const describeSpan = (span: ReadableSpan) =>
  `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`;

for (const hasContext of [true, false]) {
  describe(`Traces of runs and attempts ${hasContext ? "with" : "without"} a context manager`, () => {
    const tracing = useTracing(hasContext);
    const service = useService();
    const runtime = useRuntime();

    async function run(message: Message, router: Record<string, unknown> = {}): Promise<Message> {
      await runtime().deploy(
        createRouterFlow(service().url, { router: { name: "Weather agent", ...router } }),
      );
      answerCalls(runtime(), "weather", () => "sunny");
      runtime().inject("router", message);
      const [last] = await runtime().waitForEnds("out");
      return last!;
    }

    it("are a span for the run, with its requests and its tool calls below it", async () => {
      service().script = answerByWeatherTool;
      const last = await run({ payload: "Paris", traceparent: TRACE_PARENT });
      const [agent, ...agents] = tracing.findSpans("invoke_agent");
      assert.deepEqual([agents.length, agent!.name], [0, "invoke_agent Weather agent"]);
      assert.equal(agent!.kind, SpanKind.INTERNAL);
      assert.equal(readParentId(agent), PARENT_ID);
      assert.deepEqual(agent!.attributes, {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "Weather agent",
        "gen_ai.response.finish_reasons": ["stop"],
        "chat_stream.rounds": 2,
      });
      const requests = tracing.findSpans("chat ");
      assert.equal(requests.length, 2);
      const [tool, ...tools] = tracing.findSpans("execute_tool");
      assert.deepEqual(
        [tools.length, tool!.name, tool!.kind],
        [0, "execute_tool get_weather", SpanKind.INTERNAL],
      );
      for (const span of [...requests, tool!]) {
        assert.equal(readParentId(span), readSpanId(agent), span.name);
        assert.equal(span.spanContext().traceId, TRACE_ID);
      }
      assert.deepEqual(tool!.attributes, {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "get_weather",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_0",
        "gen_ai.agent.name": "Weather agent",
      });
      // The span is handed on: to the tool its own, to whoever reads the answer that of the run.
      assert.equal(runtime().getMessages("weather")[0]!["traceparent"], describeSpan(tool!));
      assert.equal(last["traceparent"], describeSpan(agent!));
      assert.ok([agent!, tool!, ...requests].every(({ status }) => status.code === SpanStatusCode.UNSET));
    });

    it("sum up what the rounds used and cost", async () => {
      const usage = (input: number) => ({ prompt_tokens: input, completion_tokens: 5, cost: 0.25 });
      service().queue.push(
        async (reply) => {
          await reply.sendApart(...createCallChunks("get_weather", { city: "Rome" }));
          reply.finish("tool_calls", usage(10));
        },
        (reply) => reply.send("Done").finish("stop", usage(30)),
      );
      await run({ payload: "Rome" });
      const { attributes } = tracing.findSpans("invoke_agent")[0]!;
      assert.deepEqual(
        ["usage.input_tokens", "usage.output_tokens"].map((name) => attributes[`gen_ai.${name}`]),
        [40, 10],
      );
      assert.equal(attributes["chat_stream.cost.usd"], 0.5);
      const requests = await tracing.measure("gen_ai.invoke_agent.inference_calls");
      assert.equal((requests!.point.value as { sum: number }).sum, 2);
      const calls = await tracing.measure("gen_ai.invoke_agent.tool_calls");
      assert.equal((calls!.point.value as { sum: number }).sum, 1);
      const duration = (await tracing.measure("gen_ai.execute_tool.duration"))!;
      assert.deepEqual([duration.unit, duration.point.attributes["gen_ai.tool.name"]], ["s", "get_weather"]);
      assert.equal((await tracing.measure("gen_ai.invoke_agent.duration"))!.unit, "s");
    });

    it("say which tool failed, and which gave no answer in time", async () => {
      service().script = answerByWeatherTool;
      await runtime().deploy(createRouterFlow(service().url, { router: { toolTimeout: 0.05 } }));
      runtime().inject("router", { payload: "Paris" });
      await runtime().waitForEnds("out");
      const [silent] = tracing.findSpans("execute_tool");
      assert.equal(silent!.attributes["error.type"], "timeout");
      assert.equal(silent!.status.code, SpanStatusCode.ERROR);
      tracing.clear();
      await runtime().deploy(createRouterFlow(service().url));
      runtime().clearMessages();
      runtime().reactions.set("weather", (message) =>
        runtime().inject("router", { ...message, error: { message: "It broke" } }),
      );
      runtime().inject("router", { payload: "Paris" });
      await runtime().waitForEnds("out");
      const [failed] = tracing.findSpans("execute_tool");
      assert.deepEqual(failed!.status, { code: SpanStatusCode.ERROR, message: "tool_error" });
      assert.equal(tracing.findSpans("invoke_agent")[0]!.status.code, SpanStatusCode.UNSET);
    });

    it("end with the run: if it fails, is cancelled or is cut off by a deploy", async () => {
      service().script = (reply) => reply.sendJson(401, { error: { message: "No" } });
      await run({ payload: "Paris" });
      const [failed] = tracing.findSpans("invoke_agent");
      assert.deepEqual(failed!.status, { code: SpanStatusCode.ERROR, message: "authentication" });
      assert.equal(failed!.attributes["error.type"], "authentication");
      assert.deepEqual(failed!.attributes["gen_ai.response.finish_reasons"], ["error"]);
      service().script = answerByWeatherTool;
      runtime().reactions.clear();
      for (const stop of ["cancel", "deploy"]) {
        tracing.clear();
        await runtime().deploy(createRouterFlow(service().url));
        runtime().clearMessages();
        runtime().inject("router", { payload: "Paris" });
        await runtime().waitUntil("weather", (messages) => messages.length > 0);
        if (stop === "cancel") {
          runtime().inject("router", { cancel: true });
          await runtime().waitForEnds("out");
        } else await runtime().deploy([]);
        await waitUntil(() => tracing.findSpans("invoke_agent").length > 0, `the span ends by ${stop}`);
        const [agent] = tracing.findSpans("invoke_agent");
        assert.deepEqual(agent!.attributes["gen_ai.response.finish_reasons"], ["error"]);
        assert.equal(agent!.status.code, SpanStatusCode.UNSET);
        assert.equal(tracing.findSpans("execute_tool").length, 1);
      }
    });

    it("have an attempt of a retry node beside the one before, with an event that says why", async () => {
      service().queue.push((reply) => reply.sendJson(503, { error: { message: "Busy with sk-canary" } }));
      await runtime().deploy(createRetryFlow(service().url));
      runtime().inject("ask", { payload: "Hi", traceparent: TRACE_PARENT });
      const [last] = await runtime().waitForEnds("out");
      assert.equal(last!.finishReason, "stop");
      const [first, second, ...more] = tracing.findSpans("chat ");
      assert.equal(more.length, 0);
      assert.deepEqual([readParentId(first), readParentId(second)], [PARENT_ID, PARENT_ID]);
      assert.equal(second!.attributes["chat_stream.attempt"], 2);
      assert.deepEqual(first!.events, []);
      assert.deepEqual(
        second!.events.map(({ name, attributes }) => ({ name, attributes })),
        [
          {
            name: "chat_stream.retry",
            attributes: { "chat_stream.attempt": 2, "error.type": "overloaded" },
          },
        ],
      );
      assert.equal(last!["traceparent"], describeSpan(second!));
    });

    it("give a call at an MCP server a span of its own", async () => {
      service().script = answerByCalls(["echo", { message: "hello" }]);
      await runtime().deploy(createMcpFlow(service().url, createProgramNode(EVERYTHING, "stdio")));
      runtime().inject("router", { payload: "Hi" });
      await runtime().waitForEnds("out");
      const [tool] = tracing.findSpans("execute_tool");
      const [agent] = tracing.findSpans("invoke_agent");
      assert.equal(readParentId(tool), readSpanId(agent));
      assert.equal(tool!.attributes["gen_ai.tool.type"], "extension");
      assert.equal(tool!.attributes["mcp.method.name"], "tools/call");
    });

    it("hold no content, unless the operator asks for it; then without keys and cut", async () => {
      const variable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
      const spans = () => JSON.stringify(tracing.listSpans().map(({ attributes }) => attributes));
      service().script = (reply, { body }) => {
        const messages = body["messages"] as { role: string; content: string }[];
        if (messages.at(-1)!.role === "tool") reply.say("It is sunny.");
        else {
          const call = { name: "get_weather", arguments: JSON.stringify({ city: messages.at(-1)!.content }) };
          reply
            .send(
              "Let me look.",
              createChunk({ tool_calls: [{ index: 0, id: "call_0", type: "function", function: call }] }),
            )
            .finish("tool_calls");
        }
      };
      await run({ payload: "Paris" });
      assert.doesNotMatch(spans(), /Paris|sunny/);
      tracing.clear();
      process.env[variable] = "true";
      try {
        await runtime().deploy(createRouterFlow(service().url), "full", {
          provider: { apiKey: "sk-canary-0123456789" },
        });
        runtime().clearMessages();
        runtime().inject("router", { payload: `Paris sk-canary-0123456789 ${"x".repeat(6_000)}` });
        await runtime().waitUntil("out", (messages) => messages.some(({ complete }) => complete === true));
      } finally {
        delete process.env[variable];
      }
      const [first, second] = tracing.findSpans("chat ").map(({ attributes }) => attributes);
      const read = (attributes: typeof first, name: string) =>
        JSON.parse(String(attributes![`gen_ai.${name}`])) as {
          role: string;
          parts: Record<string, unknown>[];
        }[];
      const [question] = read(first, "input.messages");
      assert.equal(question!.role, "user");
      assert.match(String(question!.parts[0]!["content"]), /^Paris \*\*\* x+…$/);
      assert.equal(String(question!.parts[0]!["content"]).length < 5_000, true);
      const [answer] = read(first, "output.messages");
      assert.deepEqual(
        answer!.parts.map(({ type }) => type),
        ["text", "tool_call"],
      );
      assert.deepEqual(
        read(second, "input.messages").map(({ role }) => role),
        ["user", "assistant", "tool"],
      );
      assert.equal(read(second, "input.messages")[2]!.parts[0]!["type"], "tool_call_response");
      const [tool] = tracing.findSpans("execute_tool").map(({ attributes }) => attributes);
      assert.match(String(tool!["gen_ai.tool.call.arguments"]), /^\{"city":"Paris/);
      assert.ok(tool!["gen_ai.tool.call.result"]);
      assert.doesNotMatch(JSON.stringify([first, second]), /sk-canary/);
    });

    it("mark a request that a cassette answers", async () => {
      for (const record of ["record", "replay"]) {
        await runtime().deploy(createAskFlow(service().url, {}, { record, cassette: "traced.json" }));
        runtime().clearMessages();
        runtime().inject("ask", { payload: "Hi" });
        await runtime().waitForEnds("out");
      }
      assert.deepEqual(
        tracing.findSpans("chat ").map(({ attributes }) => attributes["chat_stream.replayed"]),
        [undefined, true],
      );
    });

    if (hasContext) {
      it("belong to the span that is active when the question comes", async () => {
        await runtime().deploy(createAskFlow(service().url));
        const outer = trace.getTracer("test").startSpan("outer");
        context.with(trace.setSpan(context.active(), outer), () =>
          runtime().inject("ask", { payload: "Hi" }),
        );
        await runtime().waitForEnds("out");
        outer.end();
        const [request] = tracing.findSpans("chat ");
        assert.equal(readParentId(request), outer.spanContext().spanId);
      });
    }
  });
}
