import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { chatStream, collect, provider, sink, TAB, witnesses } from "../../support/runtime/flows.js";
import { textOf } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-runtime.js";
import { retryFlow } from "../../support/runtime/retry-flow.js";
import { answering, routerFlow } from "../../support/runtime/router-flow.js";
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

const CREDENTIALS = { provider: { apiKey: ANTHROPIC_KEY } };
const TOOLS = [
  { type: "function", function: { name: "get_weather", parameters: { type: "object", properties: {} } } },
];

const says =
  (...texts: string[]): Turn =>
  (reply) =>
    reply.sendAnswer([createTextBlock(0, ...texts)]);

describe("Anthropic in a flow", () => {
  const service = useAnthropic();
  const runtime = useRuntime();

  function flow(stream: Record<string, unknown> = {}): FlowNode[] {
    return [
      TAB,
      provider(service().url, { provider: "anthropic" }),
      chatStream({ model: "claude-1", wires: [["out", "collect"]], ...stream }),
      sink("out"),
      collect(),
      sink("finished"),
      sink("unfinished"),
      ...witnesses("ask"),
    ];
  }

  async function ask(message: Message = {}, stream: Record<string, unknown> = {}): Promise<Message> {
    runtime().forget();
    await runtime().deploy(flow(stream), "full", CREDENTIALS);
    runtime().inject("ask", { payload: "Hi", ...message });
    return (await runtime().ends("out"))[0]!;
  }

  const sent = (nth = 0) =>
    service().requests[nth]!.body as { messages: ChatMessage[] } & Record<string, unknown>;
  const collected = async () => (await runtime().until("finished", (messages) => messages.length > 0))[0]!;

  it("answers like any other service: text, finish reason, usage", async () => {
    service().turns = [says("Grüße", " 👋🏽", " aus Köln")];
    const end = await ask({}, { system: "Be brief.", maxTokens: 50, temperature: 0.5 });
    assert.equal(textOf(runtime().at("out")), "Grüße 👋🏽 aus Köln");
    assert.equal(end.finishReason, "stop");
    assert.deepEqual(end.usage, COUNTED);
    assert.deepEqual(sent(), {
      model: "claude-1",
      max_tokens: 50,
      system: "Be brief.",
      messages: [{ role: "user", content: "Hi" }],
      temperature: 0.5,
      stream: true,
    });
    assert.equal(runtime().at("out").length, 4, "pings and beginnings make no messages");
    const { response } = await collected();
    assert.deepEqual((response as { choices: unknown }).choices, [
      {
        index: 0,
        message: { role: "assistant", content: "Grüße 👋🏽 aus Köln" },
        finish_reason: "stop",
        native_finish_reason: "end_turn",
      },
    ]);
  });

  it("gets its thinking and its tool calls back, with the results, on the next turn", async () => {
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
      says("It rains."),
    ];
    const end = await ask({ tools: TOOLS });
    assert.equal(end.finishReason, "tool_calls");
    const { response } = await collected();
    const { message } = (response as { choices: { message: ChatMessage }[] }).choices[0]!;
    assert.deepEqual(
      (message["tool_calls"] as { function: unknown }[]).map((call) => call.function),
      [
        { name: "get_weather", arguments: '{"city":"Köln"}' },
        { name: "get_weather", arguments: "{}" },
      ],
    );
    assert.equal(message["reasoning_content"], "I need the weather.");

    runtime().forget();
    runtime().inject("ask", {
      tools: TOOLS,
      messages: [
        { role: "user", content: "Hi" },
        message,
        { role: "tool", tool_call_id: "toolu_1", content: "rain" },
        { role: "tool", tool_call_id: "toolu_2", content: "error: no city" },
      ],
    });
    const [last] = await runtime().ends("out");
    assert.equal(last!.error, undefined);
    assert.equal(textOf(runtime().at("out")), "It rains.");
    assert.deepEqual(sent(1).messages.slice(1), [
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

  it("has its tools called by a tool-call-router, and what it thought comes back with the results", async () => {
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
      says("It rains."),
    ];
    answering(runtime(), "weather", (payload) => `rain in ${(payload as { city: string }).city}`);
    await askRouter();
    assert.equal(textOf(runtime().at("out")), "I look. It rains.");
    assert.deepEqual(
      sent(1)
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

  it("gets back what it thought between its own tools and ours just where it stood", async () => {
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
      says("It rains."),
    ];
    answering(runtime(), "weather", () => "rain");
    await askRouter();
    assert.equal(textOf(runtime().at("out")), "Let me search. Found. It rains.");
    assert.deepEqual(sent(1).messages[1]!.content, [
      { type: "thinking", thinking: "Search.", signature: SIGNATURE },
      { type: "text", text: "Let me search. " },
      used,
      found,
      { type: "thinking", thinking: "Now the weather.", signature: SIGNATURE },
      { type: "text", text: "Found. " },
      { type: "tool_use", id: "toolu_1", name: "get_weather", input: { city: "Köln" } },
    ]);
  });

  it("goes on with a turn that it paused, from what its own tools found", async () => {
    const used = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "a" } };
    const { input: _input, ...begun } = used;
    const query = { type: "input_json_delta", partial_json: '{"query":"a"}' };
    service().turns = [
      (reply) =>
        reply.sendAnswer(
          [createTextBlock(0, "I look."), createBlock(1, { ...begun, input: {} }, query)],
          "pause_turn",
        ),
      says(" Found."),
    ];
    const end = await ask();
    assert.equal(end.finishReason, "pause_turn");
    const { response } = await collected();
    const { message } = (response as { choices: { message: ChatMessage }[] }).choices[0]!;
    assert.equal(message["tool_calls"], undefined);
    runtime().inject("ask", { messages: [{ role: "user", content: "Hi" }, message] });
    await runtime().ends("out", 2);
    assert.deepEqual(sent(1).messages[1], {
      role: "assistant",
      content: [{ type: "text", text: "I look." }, used],
    });
  });

  it("keeps a conversation, with what it thought, looked up and said in its order", async () => {
    const used = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} };
    const found = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] };
    const thought = [
      createThinkingBlock(0, ["Hm."], SIGNATURE),
      createBlock(1, used),
      createBlock(2, found),
      createTextBlock(3, "Hello."),
    ];
    service().turns = [(reply) => reply.sendAnswer(thought), says("Fine.")];
    const end = await ask({ topic: "anthropic" }, { conversation: "flow" });
    runtime().inject("ask", { payload: "How are you?", topic: "anthropic" });
    const [, last] = await runtime().ends("out", 2);
    assert.equal(last!.error, undefined);
    assert.deepEqual(sent(1).messages, [
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
    const kept = (index: number, from: Message) => (from.conversation as ChatMessage[])[index];
    assert.equal(kept(1, end)!["kept_for"], `anthropic@${new URL(service().url).host}`);
    assert.deepEqual(kept(3, last!), { role: "assistant", content: "Fine." });
  });

  /** Asks through a router with its tools, and waits for an end that is no failure. */
  async function askRouter(): Promise<void> {
    const wired = routerFlow(service().url, {
      service: { provider: "anthropic" },
      stream: { model: "claude-1" },
    });
    await runtime().deploy(wired, "full", CREDENTIALS);
    runtime().inject("router", { payload: "Weather?" });
    const [end] = await runtime().ends("out");
    assert.equal(end!.error, undefined);
  }

  async function failure(turn: Turn, message: Message = {}): Promise<Failed> {
    service().turns = [turn];
    const end = await ask(message);
    assert.equal(end.finishReason, "error");
    const caught = await runtime().until("errors", (messages) => messages.length > 0);
    assert.equal(caught.length, 1);
    return end.error as Failed;
  }

  it("that is overloaded before it says a word fails as its status 529 would", async () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    const inStream = await failure((reply) => reply.send(error).end());
    const byStatus = await failure((reply) => reply.refuse(529, "overloaded_error", "Overloaded"));
    const { code, status, retryable } = inStream;
    assert.deepEqual([code, status, retryable], ["overloaded", 529, true]);
    assert.deepEqual([byStatus.code, byStatus.status, byStatus.retryable], [code, status, retryable]);
  });

  it("that breaks off keeps what it said", async () => {
    const broken = await failure(async (reply) => {
      await reply.sendApart(
        createMessageStart(),
        ...createTextBlock(0, "Hello"),
        createBlockStart(1, { type: "text", text: "" }),
      );
      reply.drop();
    });
    assert.deepEqual([broken.code, broken.partial, broken.phase], ["interrupted", "Hello", "streaming"]);
    const ended = await failure((reply) =>
      reply.send(createMessageStart(), ...createTextBlock(0, "Hello")).end(),
    );
    assert.deepEqual([ended.code, ended.partial], ["interrupted", "Hello"]);
  });

  it("that refuses says why", async () => {
    const limited = await failure((reply) =>
      reply.refuse(429, "rate_limit_error", "This request would exceed your limit.", { "retry-after": "3" }),
    );
    assert.deepEqual(
      [limited.code, (limited as { retryAfterMs?: number }).retryAfterMs],
      ["rate_limit", 3000],
    );
    const unknown = await failure(says("no"), { options: { yet_to_come: 1 } });
    assert.equal(unknown.code, "invalid_request");
    assert.match(unknown.message, /yet_to_come: Extra inputs are not permitted/);
    const model = await failure(says("no"), { model: "gpt-1" });
    assert.equal(model.code, "not_found");
  });

  it("is not asked for what it cannot take", async () => {
    const content = [{ type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } }];
    const audio = await failure(says("no"), { payload: [{ role: "user", content }] });
    assert.equal(audio.code, "invalid_request");
    assert.match(audio.message, /Anthropic cannot take audio \(Message 0\)/);
    assert.equal(service().requests.length, 0);
  });

  it("tells its models to the editor, and what is wrong with the key", async () => {
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

  it("is believed when it does not stream", async () => {
    service().turns = [
      (reply) => reply.sendJson(createWholeMessage([{ type: "text", text: "Hello" }], "end_turn")),
    ];
    const end = await ask();
    assert.deepEqual([textOf(runtime().at("out")), end.finishReason], ["Hello", "stop"]);
    assert.deepEqual(end.usage, COUNTED);
  });

  it("goes on behind a retry node, where it stopped", async () => {
    service().turns = [
      async (reply) => {
        await reply.sendApart(createMessageStart(), ...createTextBlock(0, "Once upon", " a time "));
        reply.drop();
      },
      says("there was a king."),
    ];
    const wired = retryFlow(service().url, {
      service: { provider: "anthropic" },
      stream: { model: "claude-1" },
    });
    await runtime().deploy(wired, "full", CREDENTIALS);
    runtime().inject("ask", { payload: "Tell me a story." });
    const [end] = await runtime().ends("out");
    assert.equal(end!.error, undefined);
    assert.equal(textOf(runtime().at("out")), "Once upon a time there was a king.");
    assert.deepEqual(
      sent(1).messages.map(({ role }) => role),
      ["user", "assistant", "user"],
    );
  });
});
