import assert from "node:assert/strict";
import fc from "fast-check";
import type { Delta } from "../../src/core/chat/chunk.js";
import { Failure } from "../../src/core/failure.js";
import { UI_MESSAGES } from "../../src/serving/ui-messages/form.js";
import {
  anyAnswer,
  collectAnswer,
  createFetch,
  NAME,
  pickMessage,
  SOURCE,
  writeFrames,
} from "../support/serving/any-answer.js";

/** A message as `useChat` keeps it. */
interface PageMessage {
  id: string;
  metadata?: unknown;
  parts: readonly { type: string; state?: string }[];
}

const USER = { id: "u1", role: "user", parts: [{ type: "text", text: "Hi" }] };
const ASKED = { id: "chat-1", trigger: "submit-message", messages: [USER] };
const REQUEST = UI_MESSAGES.readRequest(ASKED, SOURCE);

/** Reads frames as `useChat` does. */
async function readMessage(frames: string): Promise<{ message: PageMessage | undefined; errors: unknown[] }> {
  const { DefaultChatTransport, readUIMessageStream } = await import("ai");
  const transport = new DefaultChatTransport({ api: "http://house/ui", fetch: createFetch(frames) });
  const stream = await transport.sendMessages({
    chatId: "chat-1",
    messages: [USER as never],
    trigger: "submit-message",
    messageId: undefined,
    abortSignal: undefined,
  });
  const errors: unknown[] = [];
  let message: PageMessage | undefined;
  for await (const next of readUIMessageStream({ stream, onError: (error) => void errors.push(error) }))
    message = next;
  return { message, errors };
}

const pickPart = (message: PageMessage | undefined, type: string) =>
  (message?.parts ?? []).filter((part) => part.type === type) as unknown as Record<string, unknown>[];
const joinParts = (message: PageMessage | undefined, type: string) =>
  pickPart(message, type)
    .map(({ text }) => text)
    .join("");

describe("UI messages of the AI SDK for clients", () => {
  it("give useChat's reader the answer that collect gives, whatever stream it is", async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer) => {
        const { message, errors } = await readMessage(writeFrames(REQUEST, answer));
        assert.deepEqual(errors, []);
        const expected = pickMessage(collectAnswer(answer).choices[0]?.message ?? {});
        assert.equal(joinParts(message, "text"), expected.content);
        assert.equal(joinParts(message, "reasoning"), expected.reasoning);
        assert.deepEqual(
          pickPart(message, "dynamic-tool").map(({ toolCallId, toolName, input, state }) => [
            toolCallId,
            toolName,
            input,
            state,
          ]),
          expected.calls.map(({ id, name, text }) => [id, name, JSON.parse(text), "input-available"]),
        );
        for (const part of message?.parts ?? []) assert.notEqual(part.state, "streaming");
        if (answer.end.usage)
          assert.equal(
            (message!.metadata as { usage: { prompt: number } }).usage.prompt,
            answer.end.usage["prompt_tokens"],
          );
        assert.equal(message?.id, `msg-${NAME.id}`);
      }),
      { numRuns: 60 },
    );
  });

  it("end a failed answer with an error, and a stopped one as aborted", async () => {
    const end = (code: "interrupted" | "cancelled") =>
      writeFrames(REQUEST, {
        pieces: ["Once"],
        end: { finishReason: "error", usage: null, failure: new Failure(code, "It broke.").toJSON() },
      });
    const failed = await readMessage(end("interrupted"));
    assert.match(String(failed.errors[0]), /The answer broke off\. Try again\./);
    assert.equal(joinParts(failed.message, "text"), "Once");
    const frames = end("cancelled");
    assert.deepEqual((await readMessage(frames)).errors, []);
    assert.match(frames, /"type":"abort"/);
    for (const text of [end("interrupted"), frames]) assert.doesNotMatch(text, /"type":"finish"/);
  });

  it("show sources and pictures once, and tools that the flow runs with their results", async () => {
    const writer = REQUEST.createWriter(NAME);
    const cite = (delta: Delta, more = {}) =>
      writer.writeChunk({ ...more, choices: [{ index: 0, delta }] }, "");
    const note = { id: "c1", name: "get_weather", arguments: { city: "Bonn" } };
    const frames = [
      writer.begin(),
      writer.writeText("Let me see."),
      writer.writeTool(note),
      writer.writeTool({ ...note, result: '{"sky":"clear"}' }),
      writer.writeTool({ ...note, id: "c2" }),
      writer.writeTool({ ...note, id: "c2", result: "Error: no", isFailed: true }),
      writer.writeText("Clear."),
      cite({
        annotations: [{ type: "url_citation", url_citation: { url: "https://a.example", title: "A" } }],
      }),
      cite(
        { annotations: [{ type: "url_citation", url: "https://a.example" }] },
        { citations: ["https://b.example"] },
      ),
      cite({ images: [{ type: "image_url", image_url: { url: "data:image/webp;base64,AA==" } }] }),
      writer.end({ finishReason: "stop", usage: null }),
    ].join("");
    const { message, errors } = await readMessage(frames);
    assert.deepEqual(errors, []);
    assert.deepEqual(
      message?.parts.map(({ type }) => type),
      ["step-start", "text", "dynamic-tool", "dynamic-tool", "text", "source-url", "source-url", "file"],
    );
    const [done, failed] = pickPart(message, "dynamic-tool");
    assert.deepEqual([done!["state"], done!["output"]], ["output-available", { sky: "clear" }]);
    assert.equal(done!["providerExecuted"], true);
    assert.deepEqual([failed!["state"], failed!["errorText"]], ["output-error", "Error: no"]);
  });

  it("take back an answer that begins again", async () => {
    const writer = REQUEST.createWriter(NAME);
    const frames = [
      writer.begin(),
      writer.writeText("Wrong"),
      writer.restart(1),
      writer.writeText("Right"),
      writer.end({ finishReason: "stop", usage: null }),
    ].join("");
    const { message, errors } = await readMessage(frames);
    assert.deepEqual(errors, []);
    assert.equal(joinParts(message, "text"), "Right");
  });

  it("give plain text as an error before the answer: useChat shows the whole body", () => {
    const { headers, body } = UI_MESSAGES.buildError({
      status: 429,
      type: "x",
      code: null,
      message: "Too many.",
      param: null,
    });
    assert.equal(body, "Too many.");
    assert.match(headers["Content-Type"]!, /^text\/plain/);
  });
});

describe("A request of useChat", () => {
  const read = (messages: unknown, more = {}) =>
    UI_MESSAGES.readRequest({ ...ASKED, messages, ...more }, SOURCE);

  it("becomes a conversation with files, and with calls of the page's tools and their results", () => {
    const { messages } = read([
      { id: "s", role: "system", parts: [{ type: "text", text: "Be brief." }] },
      {
        id: "u",
        role: "user",
        parts: [
          { type: "text", text: "What?" },
          { type: "file", mediaType: "image/png", url: "data:image/png;base64,AA==" },
          { type: "file", mediaType: "audio/mpeg", url: "data:audio/mpeg;base64,AA==" },
          {
            type: "file",
            mediaType: "application/pdf",
            filename: "a.pdf",
            url: "data:application/pdf;base64,AA==",
          },
        ],
      },
      {
        id: "a",
        role: "assistant",
        parts: [
          { type: "step-start" },
          { type: "reasoning", text: "Hm." },
          { type: "text", text: "I ask." },
          {
            type: "tool-ask",
            toolCallId: "c1",
            state: "output-available",
            input: { q: 1 },
            output: { a: 2 },
          },
          {
            type: "dynamic-tool",
            toolName: "see",
            toolCallId: "c2",
            state: "output-error",
            input: {},
            errorText: "No.",
          },
          { type: "tool-wait", toolCallId: "c3", state: "input-available", input: {} },
          {
            type: "tool-own",
            toolCallId: "c4",
            state: "output-available",
            providerExecuted: true,
            output: 1,
          },
          { type: "step-start" },
          { type: "text", text: "Done." },
          { type: "data-x", data: 1 },
        ],
      },
    ]).request;
    assert.deepEqual(messages, [
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "What?" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } },
          { type: "input_audio", input_audio: { data: "AA==", format: "mp3" } },
          { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AA==" } },
        ],
      },
      {
        role: "assistant",
        content: "I ask.",
        reasoning_content: "Hm.",
        tool_calls: [
          { id: "c1", type: "function", function: { name: "ask", arguments: '{"q":1}' } },
          { id: "c2", type: "function", function: { name: "see", arguments: "{}" } },
        ],
      },
      { role: "tool", tool_call_id: "c1", content: '{"a":2}' },
      { role: "tool", tool_call_id: "c2", content: "No." },
      { role: "assistant", content: "Done." },
    ]);
  });

  it("goes on with the page's own message when it brings results of tools", () => {
    const answer = { id: "a1", role: "assistant", parts: [{ type: "text", text: "Hm." }] };
    assert.match(read([USER, answer]).createWriter(NAME).begin(), /"messageId":"a1"/);
  });

  it("names the conversation, the model and parameters, and the tools that the page knows", () => {
    const tool = { type: "function", function: { name: "ask", parameters: {} } };
    const { request, createWriter } = read([USER], { model: "house", temperature: 0, tools: [tool] });
    assert.deepEqual(
      [request.conversation, request.model, request.options, request.isStreamed, request.tools],
      ["chat-1", "house", { temperature: 0 }, true, [tool]],
    );
    const call = { index: 0, id: "c", function: { name: "ask", arguments: "{}" } };
    const frames = createWriter(NAME).writeChunk(
      { choices: [{ index: 0, delta: { tool_calls: [call] } }] },
      "",
    );
    assert.doesNotMatch(frames, /dynamic/);
  });

  for (const [messages, place] of [
    [5, "messages"],
    [[{ role: "user" }], "messages[0].parts"],
    [[{ role: "user", parts: [{ type: "file" }] }], "messages[0].parts"],
    [[], "messages"],
  ] as const) {
    it(`is refused for the messages ${JSON.stringify(messages)}, by the name of the field`, () => {
      assert.throws(
        () => read(messages),
        (thrown: Failure) => thrown.code === "invalid_request" && thrown.message.includes(`field ${place} `),
      );
    });
  }
});
