import assert from "node:assert/strict";
import fc from "fast-check";
import OpenAI from "openai";
import type { Delta } from "../../src/core/chat/chunk.js";
import { Failure } from "../../src/core/failure.js";
import { OPENAI_RESPONSES } from "../../src/serving/responses/form.js";
import { ResponsesWriter } from "../../src/serving/responses/writer.js";
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

const ASKED = { model: "house", input: "Hi" };
const REQUEST = OPENAI_RESPONSES.readRequest({ ...ASKED, stream: true }, SOURCE);
const WHOLE = OPENAI_RESPONSES.readRequest(ASKED, SOURCE);
const expected = (answer: AnswerStream) => pickMessage(collectAnswer(answer).choices[0]?.message ?? {});

/** Picks from a response what a client has to know. */
function pickResponse({ output }: OpenAI.Responses.Response) {
  const message = { content: "", reasoning: "", calls: [] as { id: string; name: string; text: string }[] };
  for (const item of output) {
    if (item.type === "message")
      for (const part of item.content) message.content += part.type === "output_text" ? part.text : "";
    if (item.type === "reasoning") message.reasoning += item.summary.map(({ text }) => text).join("");
    if (item.type === "function_call")
      message.calls.push({ id: item.call_id, name: item.name, text: item.arguments });
  }
  return message;
}

const createClient = (frames: string, type?: string) =>
  new OpenAI({ apiKey: "x", baseURL: "http://house/v1", maxRetries: 0, fetch: createFetch(frames, type) });

describe("Responses for clients", () => {
  it("give the openai SDK the answer that collect gives, whatever stream it is", async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        const stream = createClient(writeFrames(REQUEST, answer)).responses.stream(ASKED);
        let deltas = "";
        stream.on("response.output_text.delta", ({ delta }) => {
          deltas += delta;
        });
        const final = await stream.finalResponse();
        assert.deepEqual(pickResponse(final), expected(answer));
        assert.equal(deltas, expected(answer).content);
        const isCut = answer.end.finishReason === "length" || answer.end.finishReason === "content_filter";
        assert.equal(final.status, isCut ? "incomplete" : "completed");
        assert.equal(final.usage?.input_tokens, answer.end.usage?.["prompt_tokens"]);
      }),
      { numRuns: 60 },
    );
  });

  it("give the AI SDK the answer that collect gives, whatever stream it is", async () => {
    const [{ streamText }, { createOpenAI }] = await Promise.all([import("ai"), import("@ai-sdk/openai")]);
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        const errors: unknown[] = [];
        const result = streamText({
          model: createOpenAI({
            baseURL: "http://house/v1",
            apiKey: "x",
            fetch: createFetch(writeFrames(REQUEST, answer)),
          })("house"),
          prompt: "Hi",
          maxRetries: 0,
          onError: ({ error }) => void errors.push(error),
        });
        const { content, reasoning, calls } = expected(answer);
        assert.equal(await result.text, content);
        assert.equal(
          (await result.reasoning).map((part) => ("text" in part ? part.text : "")).join(""),
          reasoning,
        );
        assert.deepEqual(
          (await result.toolCalls).map(({ toolCallId, toolName, input }) => [toolCallId, toolName, input]),
          calls.map(({ id, name, text }) => [id, name, JSON.parse(text)]),
        );
        assert.deepEqual(errors, []);
      }),
      { numRuns: 40 },
    );
  });

  it("give the same answer as a whole", async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        const body = JSON.stringify(buildBody(WHOLE, answer));
        const response = await createClient(body, "application/json").responses.create(ASKED);
        assert.deepEqual(pickResponse(response), expected(answer));
        assert.equal(response.output_text, expected(answer).content);
      }),
    );
  });

  it("number their events, and go on behind any number", () => {
    fc.assert(
      fc.property(anyAnswer, fc.nat(), (answer, at) => {
        const frames = writeFrames(REQUEST, answer);
        const events = parseEvents(frames);
        assert.deepEqual(
          events.map(({ sequence_number: number }) => number),
          events.map((_, index) => index),
        );
        const after = at % events.length;
        const request = { ...REQUEST, createWriter: () => new ResponsesWriter(NAME, after) };
        assert.deepEqual(parseEvents(writeFrames(request, answer)), events.slice(after + 1));
      }),
    );
  });

  it("end a failed answer with an error event, which the openai and the AI SDK throw", async () => {
    const frames = writeFrames(REQUEST, {
      pieces: ["Once"],
      end: { finishReason: "error", usage: null, failure: new Failure("interrupted", "It broke.").toJSON() },
    });
    assert.doesNotMatch(frames, /response\.(completed|incomplete|failed)/);
    await assert.rejects(createClient(frames).responses.stream(ASKED).finalResponse(), /broke off/);
  });

  it("carry citations and calls of tools that take any text", () => {
    const writer = REQUEST.createWriter(NAME);
    const add = (delta: Delta, text = "") => writer.writeChunk({ choices: [{ index: 0, delta }] }, text);
    const frames = [
      writer.begin(),
      add(
        { annotations: [{ type: "url_citation", url_citation: { url: "https://a.example", title: "A" } }] },
        "See.",
      ),
      add({ tool_calls: [{ index: 0, id: "c", type: "custom", custom: { name: "sh", input: "ls" } }] }),
      writer.end({ finishReason: "tool_calls", usage: null }),
    ].join("");
    const { response } = parseEvents(frames).at(-1) as { response: OpenAI.Responses.Response };
    const [message, call] = response.output;
    assert.deepEqual((message as OpenAI.Responses.ResponseOutputMessage).content, [
      {
        type: "output_text",
        text: "See.",
        annotations: [
          { type: "url_citation", url: "https://a.example", title: "A", start_index: 0, end_index: 0 },
        ],
      },
    ]);
    assert.deepEqual(call, {
      type: "custom_tool_call",
      id: `ctc_${NAME.id}_0`,
      call_id: "c",
      name: "sh",
      input: "ls",
      status: "completed",
    });
  });
});

describe("A request for Responses", () => {
  const read = (body: Record<string, unknown>, findItem: (id: string) => unknown = () => undefined) =>
    OPENAI_RESPONSES.readRequest({ ...ASKED, ...body }, { model: "", findItem }).request;

  it("becomes a conversation: instructions, texts, pictures, files, reasoning, calls and their outputs", () => {
    const { messages } = read({
      instructions: "Be brief.",
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "Look" },
            { type: "input_image", image_url: "data:image/png;base64,AA==", detail: "low" },
            { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,AA==" },
          ],
        },
        { type: "reasoning", id: "r", summary: [{ type: "summary_text", text: "Hm." }] },
        { type: "message", role: "assistant", content: [{ type: "output_text", text: "I ask." }] },
        { type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
        { type: "custom_tool_call", call_id: "c2", name: "sh", input: "ls" },
        { type: "function_call_output", call_id: "c1", output: "1" },
        { type: "custom_tool_call_output", call_id: "c2", output: [{ type: "input_text", text: "2" }] },
        { type: "function_call", call_id: "c3", name: "f", arguments: "{}" },
      ],
    });
    assert.deepEqual(messages, [
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "Look" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AA==", detail: "low" } },
          { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AA==" } },
        ],
      },
      {
        role: "assistant",
        content: "I ask.",
        reasoning_content: "Hm.",
        tool_calls: [
          { id: "c1", type: "function", function: { name: "f", arguments: "{}" } },
          { id: "c2", type: "custom", custom: { name: "sh", input: "ls" } },
        ],
      },
      { role: "tool", tool_call_id: "c1", content: "1" },
      { role: "tool", tool_call_id: "c2", content: "2" },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c3", type: "function", function: { name: "f", arguments: "{}" } }],
      },
    ]);
  });

  it("sets parameters and tools under their names in Chat Completions", () => {
    const { options, tools } = read({
      tools: [
        { type: "function", name: "f", parameters: {}, strict: true },
        { type: "custom", name: "sh" },
      ],
      tool_choice: { type: "function", name: "f" },
      max_output_tokens: 50,
      temperature: 0,
      reasoning: { effort: "low", summary: "auto" },
      text: { verbosity: "low", format: { type: "json_schema", name: "a", schema: {}, strict: true } },
      store: true,
    });
    assert.deepEqual(tools, [
      { type: "function", function: { name: "f", parameters: {}, strict: true } },
      { type: "custom", custom: { name: "sh" } },
    ]);
    assert.deepEqual(options, {
      temperature: 0,
      max_tokens: 50,
      verbosity: "low",
      reasoning_effort: "low",
      response_format: { type: "json_schema", json_schema: { name: "a", schema: {}, strict: true } },
      tool_choice: { type: "function", function: { name: "f" } },
    });
  });

  it("may name an item of an earlier answer in place of its text", () => {
    const item = { type: "message", role: "assistant", content: [{ type: "output_text", text: "Before." }] };
    const input = [
      { type: "item_reference", id: "msg_1" },
      { role: "user", content: "And?" },
    ];
    assert.deepEqual(
      read({ input }, (id) => (id === "msg_1" ? item : undefined)).messages.map(({ content }) => content),
      ["Before.", "And?"],
    );
    assert.throws(() => read({ input }), /set store to false/);
  });

  for (const [body, text] of [
    [{ input: 5 }, "field input "],
    [{ input: [5] }, "field input[0] "],
    [{ input: [{ type: "file_search_call" }] }, "field input[0].type "],
    [
      { input: [{ role: "user", content: [{ type: "input_file", file_id: "f" }] }] },
      "field input[0].content[0] ",
    ],
    [{ previous_response_id: "resp_1" }, "previous_response_id"],
    [{ conversation: "c" }, "conversation"],
    [{ background: true }, "background"],
    [{ tools: [{ type: "web_search" }] }, "field tools[0].type "],
  ] as const) {
    it(`is refused for ${JSON.stringify(body)}, by the name of the field`, () => {
      assert.throws(
        () => read(body),
        (thrown: Failure) => thrown.code === "invalid_request" && thrown.message.includes(text),
      );
    });
  }
});
