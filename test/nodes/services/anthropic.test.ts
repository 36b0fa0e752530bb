import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { ANTHROPIC_CREDENTIALS, answerWith, createAnthropicFlow } from "../../support/flows/anthropic.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { answerCalls, createRouterFlow } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import {
  COUNTED,
  createBlock,
  createBlockStart,
  createMessageStart,
  createTextBlock,
  createThinkingBlock,
  createToolUseBlock,
  createWholeMessage,
} from "../../support/services/anthropic-records.js";
import {
  ANTHROPIC_KEY,
  SIGNATURE,
  type Turn,
  useAnthropic,
} from "../../support/services/anthropic-service.js";

interface Failed {
  code: string;
  status?: number;
  retryAfterMs?: number;
  retryable: boolean;
  phase: string;
  partial: string;
  message: string;
}

const TOOLS = [
  { type: "function", function: { name: "get_weather", parameters: { type: "object", properties: {} } } },
];

describe("Flow with Anthropic", () => {
  const service = useAnthropic();
  const runtime = useRuntime();

  const { flow, ask, readSentBody, waitForCollected } = createAnthropicFlow(runtime, service);

  it("streams an Anthropic answer with text, finish reason and usage", async () => {
    service().turns = [answerWith("Grüße", " 👋🏽", " aus Köln")];
    const end = await ask({}, { system: "Be brief.", maxTokens: 50, temperature: 0.5 });
    assert.equal(joinPayloads(runtime().getMessages("out")), "Grüße 👋🏽 aus Köln");
    assert.equal(end.finishReason, "stop");
    assert.deepEqual(end.usage, COUNTED);
    assert.deepEqual(readSentBody(), {
      model: "claude-1",
      max_tokens: 50,
      system: "Be brief.",
      messages: [{ role: "user", content: "Hi" }],
      temperature: 0.5,
      stream: true,
    });
    assert.equal(runtime().getMessages("out").length, 4, "pings and block starts make no messages");
    const { response } = await waitForCollected();
    assert.deepEqual((response as { choices: unknown }).choices, [
      {
        index: 0,
        message: { role: "assistant", content: "Grüße 👋🏽 aus Köln" },
        finish_reason: "stop",
        native_finish_reason: "end_turn",
      },
    ]);
  });

  it("sends Anthropic its thinking and tool calls back with the results", async () => {
    service().turns = [
      (reply) =>
        reply.sendAnswer(
          [
            createThinkingBlock(0, ["I need ", "the weather."], SIGNATURE),
            createTextBlock(1, "I look."),
            createToolUseBlock(2, "toolu_1", "get_weather", '{"city":', '"Köln"}'),
            createToolUseBlock(3, "toolu_2", "get_weather"),
          ],
          "tool_use",
        ),
      answerWith("It rains."),
    ];
    const end = await ask({ tools: TOOLS });
    assert.equal(end.finishReason, "tool_calls");
    const { response } = await waitForCollected();
    const { message } = (response as { choices: { message: ChatMessage }[] }).choices[0]!;
    assert.deepEqual(
      (message["tool_calls"] as { function: unknown }[]).map((call) => call.function),
      [
        { name: "get_weather", arguments: '{"city":"Köln"}' },
        { name: "get_weather", arguments: "{}" },
      ],
    );
    assert.equal(message["reasoning_content"], "I need the weather.");

    runtime().clearMessages();
    runtime().inject("ask", {
      tools: TOOLS,
      messages: [
        { role: "user", content: "Hi" },
        message,
        { role: "tool", tool_call_id: "toolu_1", content: "rain" },
        { role: "tool", tool_call_id: "toolu_2", content: "error: no city" },
      ],
    });
    const [last] = await runtime().waitForEnds("out");
    assert.equal(last!.error, undefined);
    assert.equal(joinPayloads(runtime().getMessages("out")), "It rains.");
    assert.deepEqual(readSentBody(1).messages.slice(1), [
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "I need the weather.", signature: SIGNATURE },
          { type: "text", text: "I look." },
          { type: "tool_use", id: "toolu_1", name: "get_weather", input: { city: "Köln" } },
          { type: "tool_use", id: "toolu_2", name: "get_weather", input: {} },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "toolu_1", content: "rain" },
          { type: "tool_result", tool_use_id: "toolu_2", content: "error: no city" },
        ],
      },
    ]);
  });

  it("calls tools for Anthropic through a tool-call-router and sends its thinking back with the results", async () => {
    service().turns = [
      (reply) =>
        reply.sendAnswer(
          [
            createThinkingBlock(0, ["I need the weather."], SIGNATURE),
            createTextBlock(1, "I look. "),
            createToolUseBlock(2, "toolu_1", "get_weather", '{"city":', '"Köln"}'),
          ],
          "tool_use",
        ),
      answerWith("It rains."),
    ];
    answerCalls(runtime(), "weather", (payload) => `rain in ${(payload as { city: string }).city}`);
    await askThroughRouter();
    assert.equal(joinPayloads(runtime().getMessages("out")), "I look. It rains.");
    assert.deepEqual(
      readSentBody(1)
        .messages.slice(1)
        .map(({ content }) => content),
      [
        [
          { type: "thinking", thinking: "I need the weather.", signature: SIGNATURE },
          { type: "text", text: "I look. " },
          { type: "tool_use", id: "toolu_1", name: "get_weather", input: { city: "Köln" } },
        ],
        [{ type: "tool_result", tool_use_id: "toolu_1", content: "rain in Köln" }],
      ],
    );
  });

  it("sends Anthropic's thinking between tools back in its original order", async () => {
    const used = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} };
    const found = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] };
    service().turns = [
      (reply) =>
        reply.sendAnswer(
          [
            createThinkingBlock(0, ["Search."], SIGNATURE),
            createTextBlock(1, "Let me ", "search. "),
            createBlock(2, used),
            createBlock(3, found),
            createThinkingBlock(4, ["Now the weather."], SIGNATURE),
            createTextBlock(5, "Found. "),
            createToolUseBlock(6, "toolu_1", "get_weather", '{"city":"Köln"}'),
          ],
          "tool_use",
        ),
      answerWith("It rains."),
    ];
    answerCalls(runtime(), "weather", () => "rain");
    await askThroughRouter();
    assert.equal(joinPayloads(runtime().getMessages("out")), "Let me search. Found. It rains.");
    assert.deepEqual(readSentBody(1).messages[1]!.content, [
      { type: "thinking", thinking: "Search.", signature: SIGNATURE },
      { type: "text", text: "Let me search. " },
      used,
      found,
      { type: "thinking", thinking: "Now the weather.", signature: SIGNATURE },
      { type: "text", text: "Found. " },
      { type: "tool_use", id: "toolu_1", name: "get_weather", input: { city: "Köln" } },
    ]);
  });

  it("keeps Anthropic's thinking, tool blocks and text in order in the conversation", async () => {
    const used = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} };
    const found = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] };
    const thought = [
      createThinkingBlock(0, ["Hm."], SIGNATURE),
      createBlock(1, used),
      createBlock(2, found),
      createTextBlock(3, "Hello."),
    ];
    service().turns = [(reply) => reply.sendAnswer(thought), answerWith("Fine.")];
    const end = await ask({ topic: "anthropic" }, { conversation: "flow" });
    runtime().inject("ask", { payload: "How are you?", topic: "anthropic" });
    const [, last] = await runtime().waitForEnds("out", 2);
    assert.equal(last!.error, undefined);
    assert.deepEqual(readSentBody(1).messages, [
      { role: "user", content: "Hi" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm.", signature: SIGNATURE },
          used,
          found,
          { type: "text", text: "Hello." },
        ],
      },
      { role: "user", content: "How are you?" },
    ]);
    const readHistory = (index: number, from: Message) => (from.conversation as ChatMessage[])[index];
    assert.equal(readHistory(1, end)!["kept_for"], `anthropic@${new URL(service().url).host}`);
    assert.deepEqual(readHistory(3, last!), { role: "assistant", content: "Fine." });
  });

  /** Asks through a tool-call-router and waits for an end without a failure. */
  async function askThroughRouter(): Promise<void> {
    const nodes = createRouterFlow(service().url, {
      service: { provider: "anthropic" },
      stream: { model: "claude-1" },
    });
    await runtime().deploy(nodes, "full", ANTHROPIC_CREDENTIALS);
    runtime().inject("router", { payload: "Weather?" });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.error, undefined);
  }

  async function askAndFail(turn: Turn, message: Message = {}): Promise<Failed> {
    service().turns = [turn];
    const end = await ask(message);
    assert.equal(end.finishReason, "error");
    const caught = await runtime().waitUntil("errors", (messages) => messages.length > 0);
    assert.equal(caught.length, 1);
    return end.error as Failed;
  }

  it("fails as overloaded with status 529 for an overload error in Anthropic's stream", async () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    const inStream = await askAndFail((reply) => reply.send(error).end());
    const byStatus = await askAndFail((reply) => reply.refuse(529, "overloaded_error", "Overloaded"));
    const { code, status, retryable } = inStream;
    assert.deepEqual([code, status, retryable], ["overloaded", 529, true]);
    assert.deepEqual([byStatus.code, byStatus.status, byStatus.retryable], [code, status, retryable]);
  });

  it("keeps the partial text if Anthropic's stream breaks off", async () => {
    const broken = await askAndFail(async (reply) => {
      await reply.sendApart(
        createMessageStart(),
        ...createTextBlock(0, "Hello"),
        createBlockStart(1, { type: "text", text: "" }),
      );
      reply.drop();
    });
    assert.deepEqual([broken.code, broken.partial, broken.phase], ["interrupted", "Hello", "streaming"]);
    const ended = await askAndFail((reply) =>
      reply.send(createMessageStart(), ...createTextBlock(0, "Hello")).end(),
    );
    assert.deepEqual([ended.code, ended.partial], ["interrupted", "Hello"]);
  });

  it("fails with Anthropic's reason if it refuses the request", async () => {
    const limited = await askAndFail((reply) =>
      reply.refuse(429, "rate_limit_error", "This request would exceed your limit.", { "retry-after": "3" }),
    );
    assert.deepEqual(
      [limited.code, (limited as { retryAfterMs?: number }).retryAfterMs],
      ["rate_limit", 3000],
    );
    const unknown = await askAndFail(answerWith("no"), { options: { yet_to_come: 1 } });
    assert.equal(unknown.code, "invalid_request");
    assert.match(unknown.message, /yet_to_come: Extra inputs are not permitted/);
    const model = await askAndFail(answerWith("no"), { model: "gpt-1" });
    assert.equal(model.code, "not_found");
  });

  it("fails before sending if a message has audio, which Anthropic cannot take", async () => {
    const content = [{ type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } }];
    const audio = await askAndFail(answerWith("no"), { payload: [{ role: "user", content }] });
    assert.equal(audio.code, "invalid_request");
    assert.match(audio.message, /Anthropic cannot take audio \(Message 0\)/);
    assert.equal(service().requests.length, 0);
  });

  it("lists Anthropic's models for the editor, and reports a wrong key without quoting it", async () => {
    const models = async (apiKey: string) => {
      await runtime().deploy(flow(), "full", { provider: { apiKey } });
      const url = `${runtime().url}/chat-provider/provider/models`;
      const response = await fetch(url, { headers: { connection: "close" } });
      return (await response.json()) as { models?: unknown; error?: Failed };
    };
    assert.ok(JSON.stringify(await models(ANTHROPIC_KEY)).includes('"claude-1"'));
    const { error } = await models("sk-ant-old");
    assert.equal(error!.code, "authentication");
    assert.ok(!error!.message.includes("sk-ant-old"));
  });

  it("reads an Anthropic answer that is not streamed", async () => {
    service().turns = [
      (reply) => reply.sendJson(createWholeMessage([{ type: "text", text: "Hello" }], "end_turn")),
    ];
    const end = await ask();
    assert.deepEqual([joinPayloads(runtime().getMessages("out")), end.finishReason], ["Hello", "stop"]);
    assert.deepEqual(end.usage, COUNTED);
  });

  it("continues a broken Anthropic answer behind a retry node", async () => {
    service().turns = [
      async (reply) => {
        await reply.sendApart(createMessageStart(), ...createTextBlock(0, "Once upon", " a time "));
        reply.drop();
      },
      answerWith("there was a king."),
    ];
    const nodes = createRetryFlow(service().url, {
      service: { provider: "anthropic" },
      stream: { model: "claude-1" },
    });
    await runtime().deploy(nodes, "full", ANTHROPIC_CREDENTIALS);
    runtime().inject("ask", { payload: "Tell me a story." });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.error, undefined);
    assert.equal(joinPayloads(runtime().getMessages("out")), "Once upon a time there was a king.");
    assert.deepEqual(
      readSentBody(1).messages.map(({ role }) => role),
      ["user", "assistant", "user"],
    );
  });
});
