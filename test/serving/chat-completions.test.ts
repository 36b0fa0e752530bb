import assert from "node:assert/strict";
import { AIMessageChunk } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import fc from "fast-check";
import OpenAI from "openai";
import type { Delta } from "../../src/core/chat/chunk.js";
import { Failure, type FailureData } from "../../src/core/failure.js";
import { CHAT_COMPLETIONS } from "../../src/serving/chat-completions.js";
import {
  type AnswerStream,
  anyAnswer,
  buildBody,
  collectAnswer,
  createFetch,
  NAME,
  parseEvents,
  pickMessage,
  SOURCE,
  writeFrames,
} from "../support/serving/any-answer.js";

const MESSAGES = [{ role: "user", content: "Hi" }] as const;
const ASKED = { model: "house", messages: [...MESSAGES] };
const STREAMED = CHAT_COMPLETIONS.readRequest(
  { ...ASKED, stream: true, stream_options: { include_usage: true } },
  SOURCE,
);
const WHOLE = CHAT_COMPLETIONS.readRequest(ASKED, SOURCE);
const FAILURE: FailureData = new Failure("interrupted", "The connection broke.").toJSON();

const createClient = (frames: string) =>
  new OpenAI({ apiKey: "x", baseURL: "http://house/v1", maxRetries: 0, fetch: createFetch(frames) });

describe("Chat Completions for clients", () => {
  it("gives the openai SDK the answer that collect gives, whatever stream it is", async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        const stream = createClient(writeFrames(STREAMED, answer)).chat.completions.stream({
          ...ASKED,
          messages: [...MESSAGES],
        });
        let reasoning = "";
        stream.on("chunk", ({ choices }) => {
          const delta = choices[0]?.delta as { reasoning_content?: string } | undefined;
          reasoning += delta?.reasoning_content ?? "";
        });
        const final = await stream.finalChatCompletion();
        const [choice] = final.choices;
        const expected = collectAnswer(answer);
        assert.deepEqual(
          // The helper keeps the last piece of a field that it does not know.
          { ...pickMessage(choice!.message as never), reasoning },
          pickMessage(expected.choices[0]?.message ?? {}),
        );
        assert.equal(choice?.finish_reason, answer.end.finishReason);
        assert.deepEqual(final.usage ?? null, answer.end.usage);
      }),
      { numRuns: 60 },
    );
  });

  it("gives the AI SDK the answer that collect gives, whatever stream it is", async () => {
    const [{ streamText }, { createOpenAICompatible }] = await Promise.all([
      import("ai"),
      import("@ai-sdk/openai-compatible"),
    ]);
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        const provider = createOpenAICompatible({
          name: "house",
          baseURL: "http://house/v1",
          includeUsage: true,
          fetch: createFetch(writeFrames(STREAMED, answer)),
        });
        const errors: unknown[] = [];
        const result = streamText({
          model: provider("house"),
          prompt: "Hi",
          maxRetries: 0,
          onError: ({ error }) => void errors.push(error),
        });
        const expected = pickMessage(collectAnswer(answer).choices[0]?.message ?? {});
        assert.equal(await result.text, expected.content);
        assert.equal((await result.reasoningText) ?? "", expected.reasoning);
        const calls = (await result.toolCalls).map(({ toolCallId, toolName, input }) => ({
          id: toolCallId,
          name: toolName,
          input,
        }));
        assert.deepEqual(
          calls,
          expected.calls.map(({ id, name, text }) => ({ id, name, input: JSON.parse(text) })),
        );
        const reasons: Record<string, string> = {
          tool_calls: "tool-calls",
          content_filter: "content-filter",
        };
        assert.equal(await result.finishReason, reasons[answer.end.finishReason] ?? answer.end.finishReason);
        assert.deepEqual(errors, []);
      }),
      { numRuns: 60 },
    );
  });

  it("gives LangChain the answer that collect gives, whatever stream it is", async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        const model = new ChatOpenAI({
          model: "house",
          apiKey: "x",
          maxRetries: 0,
          configuration: { baseURL: "http://house/v1", fetch: createFetch(writeFrames(STREAMED, answer)) },
        });
        let whole: AIMessageChunk | undefined;
        for await (const chunk of await model.stream("Hi")) {
          assert.ok(chunk instanceof AIMessageChunk);
          whole = whole ? whole.concat(chunk) : chunk;
        }
        const expected = pickMessage(collectAnswer(answer).choices[0]?.message ?? {});
        assert.equal(whole?.text ?? "", expected.content);
        assert.deepEqual(
          (whole?.tool_calls ?? []).map(({ id, name, args }) => ({ id, name, args })),
          expected.calls.map(({ id, name, text }) => ({ id, name, args: JSON.parse(text) })),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("gives the same answer as a whole", () => {
    fc.assert(
      fc.property(anyAnswer, (answer) => {
        const body = buildBody(WHOLE, answer) as OpenAI.ChatCompletion;
        const expected = collectAnswer(answer);
        assert.deepEqual(
          pickMessage(body.choices[0]!.message as never),
          pickMessage(expected.choices[0]?.message ?? {}),
        );
        assert.equal(body.choices[0]?.finish_reason, answer.end.finishReason);
        assert.deepEqual(body.usage ?? null, answer.end.usage);
      }),
    );
  });

  it("writes every chunk in full, no line above 64 KiB, and one mark at the end", () => {
    fc.assert(
      fc.property(anyAnswer, (answer) => {
        const frames = writeFrames(STREAMED, answer);
        for (const line of frames.split("\n")) assert.ok(Buffer.byteLength(line) <= 65_536);
        assert.ok(frames.endsWith("data: [DONE]\n\n"));
        const records = parseEvents(frames);
        for (const record of records) {
          const { id, object, created, model, choices } = record as unknown as OpenAI.ChatCompletionChunk;
          assert.deepEqual(
            [id, object, created, model],
            [`chatcmpl-${NAME.id}`, "chat.completion.chunk", NAME.created, NAME.model],
          );
          for (const { index, finish_reason: reason } of choices) {
            assert.equal(index, 0);
            assert.ok(reason === null || reason === answer.end.finishReason);
          }
        }
        assert.deepEqual((records[0] as unknown as OpenAI.ChatCompletionChunk).choices[0]?.delta, {
          role: "assistant",
          content: "",
        });
      }),
    );
  });

  it("sends the usage only if it is asked for and whole", () => {
    const asked = (options: unknown, usage: Record<string, unknown> | null) => {
      const request = CHAT_COMPLETIONS.readRequest(
        { ...ASKED, stream: true, stream_options: options },
        SOURCE,
      );
      const frames = writeFrames(request, { pieces: ["Hi"], end: { finishReason: "stop", usage } });
      return parseEvents(frames).filter((record) => "usage" in record);
    };
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    assert.equal(asked(undefined, usage).length, 0);
    assert.equal(asked({ include_usage: false }, usage).length, 0);
    assert.deepEqual(asked({ include_usage: true }, usage)[0]?.["usage"], usage);
    assert.deepEqual(asked({ include_usage: true }, usage)[0]?.["choices"], []);
    for (const part of [{}, { prompt_tokens: 1 }, { prompt_tokens: null, completion_tokens: 2 }, null])
      assert.equal(asked({ include_usage: true }, part).length, 0);
    assert.deepEqual(
      asked({ include_usage: true }, { prompt_tokens: 1, completion_tokens: 2 })[0]?.["usage"],
      usage,
    );
  });

  it("never ends a failed answer with a finish reason, a usage or a mark", async () => {
    const frames = writeFrames(STREAMED, {
      pieces: ["Once"],
      end: { finishReason: "error", usage: null, failure: FAILURE },
    });
    assert.doesNotMatch(frames, /"finish_reason":"|\[DONE\]|"usage"/);
    const last = parseEvents(frames).at(-1);
    assert.deepEqual(last, {
      error: {
        message: "The answer broke off. Try again.",
        type: "server_error",
        param: null,
        code: "interrupted",
      },
    });
    const stream = await createClient(frames).chat.completions.create({
      ...ASKED,
      messages: [...MESSAGES],
      stream: true,
    });
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, /broke off/);
  });

  it("makes ids for calls that have none, and writes arguments that never came as an object", () => {
    const frames = writeFrames(STREAMED, {
      pieces: [
        {
          chunk: { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { name: "f" } }] } }] },
          text: "",
        },
        {
          chunk: {
            choices: [
              {
                index: 0,
                delta: { tool_calls: [{ index: 1, function: { arguments: '{"a"' } }] },
              },
            ],
          },
          text: "",
        },
        {
          chunk: {
            choices: [
              {
                index: 0,
                delta: {
                  tool_calls: [
                    { index: 1, function: { name: "g", arguments: ":1}" }, extra_content: { x: 1 } },
                  ],
                },
              },
            ],
          },
          text: "",
        },
      ],
      end: { finishReason: "tool_calls", usage: null },
    });
    const calls = parseEvents(frames).flatMap(
      (record) => (record as unknown as OpenAI.ChatCompletionChunk).choices[0]?.delta.tool_calls ?? [],
    );
    assert.deepEqual(calls, [
      {
        extra_content: { x: 1 },
        index: 1,
        id: "call_6c0f4f0e9d550b3f5f6f2a11_1",
        type: "function",
        function: { name: "g", arguments: "" },
      },
      { index: 1, function: { arguments: '{"a"' } },
      { index: 1, function: { arguments: ":1}" } },
      {
        index: 0,
        id: "call_6c0f4f0e9d550b3f5f6f2a11_0",
        type: "function",
        function: { name: "f", arguments: "" },
      },
      { index: 0, function: { arguments: "{}" } },
    ]);
  });

  it("writes calls of tools that take any text as such", async () => {
    const call = { index: 0, id: "call_1", type: "custom", custom: { name: "shell", input: "" } };
    const add = (delta: Delta) => ({ chunk: { choices: [{ index: 0, delta }] }, text: "" });
    const answer: AnswerStream = {
      pieces: [
        add({ tool_calls: [call] }),
        add({ tool_calls: [{ index: 0, custom: { input: "ls" } }] }),
        add({ tool_calls: [{ index: 1, id: "call_2", type: "custom", custom: { name: "quiet" } }] }),
      ],
      end: { finishReason: "tool_calls", usage: null },
    };
    const calls = parseEvents(writeFrames(STREAMED, answer)).flatMap(
      (record) => (record as unknown as OpenAI.ChatCompletionChunk).choices[0]?.delta.tool_calls ?? [],
    );
    assert.deepEqual(calls, [
      call,
      { index: 0, custom: { input: "ls" } },
      { index: 1, id: "call_2", type: "custom", custom: { name: "quiet", input: "" } },
    ]);
    const body = buildBody(WHOLE, answer) as OpenAI.ChatCompletion;
    assert.deepEqual(body.choices[0]?.message.tool_calls?.[0], {
      id: "call_1",
      type: "custom",
      custom: { name: "shell", input: "ls" },
    });
  });
});
