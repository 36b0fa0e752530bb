import assert from "node:assert/strict";
import type { Server } from "node:http";
import { LLMock } from "@copilotkit/aimock";
import type { Usage } from "../../src/core/chat/chunk.js";
import type { FailureData } from "../../src/core/failure.js";
import type { Message } from "../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createSinkNode,
  TAB,
} from "../support/flows/nodes.js";
import { createRetryNode } from "../support/flows/retry.js";
import { createRouterNode } from "../support/flows/router.js";
import { joinPayloads } from "../support/runtime/inbox.js";
import type { FlowNode } from "../support/runtime/node-red-api.js";
import { useRuntime } from "../support/runtime/use-runtime.js";
import { GeminiArray } from "./gemini-array.js";
import { PortkeyGateway } from "./portkey-gateway.js";

/** How a service is asked at the mock server: settings of the provider and the model. */
interface Service {
  settings: Record<string, unknown>;
  model: string;
  /** The total of the counts, if the mock server or the gateway leaves them out. */
  total?: 0 | undefined;
  /** Whether the mock server or the gateway leaves out reasoning. */
  hidesReasoning?: boolean;
}

/** Settings for a service behind Portkey's gateway. @param host base URL of the service */
const putBehindGateway = (
  gateway: string,
  provider: string,
  host: string,
  api = "chat",
  more: Record<string, string> = {},
) => ({
  provider: "custom",
  api,
  baseUrl: gateway,
  headers: JSON.stringify({ "x-portkey-provider": provider, "x-portkey-custom-host": host, ...more }),
});

/**
 * @param url of the mock server, which has all services at one port
 * @param gateway base URL of a gateway, which passes requests on to the mock server
 * @param gemini base URL of the mock server that answers as Gemini does
 */
const listServices = (url: string, gateway: string, gemini: string): Readonly<Record<string, Service>> => ({
  "OpenAI, Chat Completions": {
    settings: { provider: "openai", api: "chat", baseUrl: `${url}/v1` },
    model: "gpt-4o-mini",
  },
  "OpenAI, Responses": {
    settings: { provider: "openai", api: "responses", baseUrl: `${url}/v1` },
    model: "gpt-5-mini",
  },
  OpenRouter: {
    settings: { provider: "openrouter", baseUrl: `${url}/api/v1` },
    model: "openai/gpt-4o-mini",
  },
  "Azure OpenAI": {
    settings: { provider: "azure-openai", api: "chat", baseUrl: url },
    model: "gpt-4o-mini",
  },
  "Azure OpenAI, Responses": {
    settings: { provider: "azure-openai", api: "responses", baseUrl: url },
    model: "gpt-5-mini",
  },
  "OpenRouter, Responses": {
    settings: { provider: "openrouter", api: "responses", baseUrl: `${url}/api/v1` },
    model: "openai/gpt-5-mini",
  },
  Anthropic: {
    settings: { provider: "anthropic", baseUrl: url },
    model: "claude-sonnet-4-5",
  },
  Gemini: {
    settings: { provider: "gemini", baseUrl: `${url}/v1beta` },
    model: "gemini-2.5-flash",
  },
  Ollama: {
    settings: { provider: "ollama", baseUrl: url },
    model: "llama3.2",
    total: 0,
    hidesReasoning: true,
  },
  "OpenAI behind Portkey, Chat Completions": {
    settings: putBehindGateway(gateway, "openai", `${url}/v1`),
    model: "gpt-4o-mini",
  },
  "OpenAI behind Portkey, Responses": {
    settings: putBehindGateway(gateway, "openai", `${url}/v1`, "responses"),
    model: "gpt-5-mini",
  },
  "OpenRouter behind Portkey": {
    settings: putBehindGateway(gateway, "openrouter", `${url}/api/v1`),
    model: "openai/gpt-4o-mini",
  },
  "Azure OpenAI behind Portkey": {
    settings: putBehindGateway(gateway, "azure-openai", `${url}/openai`, "chat", {
      "x-portkey-azure-resource-name": "r",
      "x-portkey-azure-deployment-id": "gpt-4o-mini",
      "x-portkey-azure-api-version": "2024-10-21",
    }),
    model: "gpt-4o-mini",
  },
  "Ollama behind Portkey": {
    settings: putBehindGateway(gateway, "ollama", url),
    model: "llama3.2",
    total: undefined,
  },
  "Anthropic behind Portkey": {
    settings: putBehindGateway(gateway, "anthropic", `${url}/v1`),
    model: "claude-sonnet-4-5",
    hidesReasoning: true,
  },
  "Gemini behind Portkey": {
    settings: putBehindGateway(gateway, "google", gemini),
    model: "gemini-2.5-flash",
    hidesReasoning: true,
  },
});

/** Five and seven tokens, under the names of all services. */
const USAGE = {
  ...{ prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
  ...{ input_tokens: 5, output_tokens: 7 },
  ...{ promptTokenCount: 5, candidatesTokenCount: 7, totalTokenCount: 12 },
};

const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};

/** A server that nobody here wrote: it answers as each service does, from the same fixtures. */
describe("Services as aimock imitates them", () => {
  const runtime = useRuntime();
  const mock = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent", chunkSize: 7 });
  const gateway = new PortkeyGateway();
  let gemini: GeminiArray;
  let services: Readonly<Record<string, Service>>;
  before(async () => {
    await gateway.start();
    const url = await mock.start();
    gemini = new GeminiArray(url);
    await gemini.start();
    services = listServices(url, gateway.baseUrl, gemini.url);
  });
  after(async () => {
    await gateway.stop();
    await gemini.stop();
    await mock.stop();
  });
  beforeEach(() => {
    mock.reset();
  });

  /** Router ⇄ chat-stream with a retry, then `out` and `collect`; each tool answers at once. */
  const deploy = async ({ settings, model }: Service, stream: Record<string, unknown> = {}, attempts = 1) => {
    const nodes: FlowNode[] = [
      TAB,
      { id: "provider", type: "chat-provider", credentials: { apiKey: "sk-test" }, ...settings },
      createChatStreamNode({ wires: [["retry"]], model, ...stream }),
      createRetryNode({ attempts, afterText: "restart", wires: [["router"], ["ask"], []] }),
      createRouterNode({ wires: [["out", "collect"], ["ask"], ["weather"], ["time"]] }),
      createFlowNode("helper", "weather", ["router"]),
      createFlowNode("helper", "time", ["router"]),
      createSinkNode("out"),
      createCollectNode({ parse: stream["responseFormat"] ? "json" : "text" }),
      createSinkNode("finished"),
      createSinkNode("unfinished"),
    ];
    for (const [tool, payload] of [
      ["weather", "sunny"],
      ["time", "noon"],
    ] as const)
      runtime().reactions.set(tool, (message) => runtime().inject("router", { ...message, payload }));
    await runtime().deploy(nodes, { credentials: { provider: { apiKey: "sk-test" } } } as never);
  };

  const waitForFinished = async (): Promise<Message> => {
    const [message] = await runtime().waitUntil("finished", ({ length }) => length > 0);
    return message!;
  };

  for (const name of Object.keys(listServices("", "", ""))) {
    describe(name, () => {
      let service: Service;
      beforeEach(() => {
        service = services[name]!;
      });
      // The gateway keeps its connections to the mock server, which are this process's too.
      afterEach(() => {
        const { serverInstance } = mock as unknown as { serverInstance: { server: Server } };
        serverInstance.server.closeAllConnections();
        gemini.closeConnections();
      });

      it("streams a text in pieces, with its counts and finish reason", async () => {
        mock.onMessage("story", { content: "Once upon a time “ü” 😀.", usage: USAGE });
        await deploy(service);
        runtime().inject("ask", { payload: "Tell me a story" });
        const [end] = await runtime().waitForEnds("out");
        assert.equal(end!.error, undefined, JSON.stringify(end!.error));
        assert.equal(joinPayloads(runtime().getMessages("out")), "Once upon a time “ü” 😀.");
        assert.ok(runtime().getMessages("out").length > 3);
        assert.equal(end!.finishReason, "stop");
        const { total_tokens: total } = (end!.usage ?? {}) as Usage;
        assert.equal(total, "total" in service ? service.total : 12);
      });

      it("tells reasoning from the answer", async () => {
        mock.onMessage("why", { content: "Because.", reasoning: "Let me think." });
        await deploy(service);
        runtime().inject("ask", { payload: "why" });
        const { response, payload } = await waitForFinished();
        assert.equal(payload, "Because.");
        const { message } = (response as { choices: { message: Record<string, unknown> }[] }).choices[0]!;
        assert.equal(message["reasoning_content"], service.hidesReasoning ? undefined : "Let me think.");
      });

      it("runs two tools of one turn, and answers with their results", async () => {
        mock.on(
          { userMessage: "Paris", hasToolResult: false },
          {
            toolCalls: [
              { name: "get_weather", arguments: '{"city":"Paris"}', id: "call_1" },
              { name: "get_time", arguments: "{}", id: "call_2" },
            ],
          },
        );
        mock.on({ userMessage: "Paris", hasToolResult: true }, { content: "Sunny at noon." });
        await deploy(service);
        runtime().inject("router", { payload: "Paris?" });
        const [end] = await runtime().waitForEnds("out");
        assert.equal(end!.error, undefined, JSON.stringify(end!.error));
        assert.equal(joinPayloads(runtime().getMessages("out")), "Sunny at noon.");
        assert.equal(runtime().getMessages("weather").length, 1);
        assert.equal(runtime().getMessages("time").length, 1);
        assert.match(JSON.stringify(mock.getLastRequest()!.body), /sunny[\s\S]*noon/);
      });

      it("gives JSON that fits a schema", async () => {
        mock.onMessage("where", { content: '{"city":"Paris"}' });
        await deploy(service, {
          responseFormat: "json_schema",
          schema: JSON.stringify(SCHEMA),
          schemaName: "place",
          schemaStrict: true,
        });
        runtime().inject("ask", { payload: "where" });
        const { payload } = await waitForFinished();
        assert.deepEqual(payload, { city: "Paris" });
      });

      it("repairs a 429 by asking again", async () => {
        mock.onMessage("hi", { content: "Hello." });
        mock.nextRequestError(429, { message: "Rate limit reached", type: "rate_limit_error" });
        await deploy(service, {}, 3);
        runtime().inject("ask", { payload: "hi" });
        const [end] = await runtime().waitForEnds("out");
        assert.equal(joinPayloads(runtime().getMessages("out")), "Hello.");
        assert.equal(end!.finishReason, "stop");
        assert.equal(mock.getRequests().length, 2);
      });

      it("says what is wrong at a 401, and asks once", async () => {
        mock.nextRequestError(401, { message: "Incorrect API key provided", type: "invalid_request_error" });
        await deploy(service, {}, 3);
        runtime().inject("ask", { payload: "hi" });
        const [end] = await runtime().waitForEnds("out");
        assert.equal((end!.error as FailureData).code, "authentication");
        assert.equal(mock.getRequests().length, 1);
      });

      it("repairs a stream that is cut in the middle", async () => {
        const text = "A long story that goes on and on, word after word, until its end.";
        mock.on({ userMessage: "story", sequenceIndex: 0 }, { content: text }, {
          truncateAfterChunks: 4,
        } as never);
        mock.on({ userMessage: "story" }, { content: text });
        await deploy(service, {}, 3);
        runtime().inject("ask", { payload: "story" });
        const { payload } = await waitForFinished();
        assert.equal(payload, text);
        assert.equal(mock.getRequests().length, 2);
      });
    });
  }
});
