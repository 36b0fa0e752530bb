import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../../src/core/failure.js";
import { AG_UI } from "../../src/serving/ag-ui/form.js";
import type { ToolNote } from "../../src/serving/form.js";
import {
  type AnswerStream,
  anyAnswer,
  collectAnswer,
  createFetch,
  NAME,
  parseEvents,
  pickMessage,
  SOURCE,
  writeFrames,
} from "../support/serving/any-answer.js";

const INPUT = {
  threadId: "t1",
  runId: "r1",
  state: {},
  messages: [{ id: "u", role: "user", content: "Hi" }],
  tools: [],
  context: [],
  forwardedProps: {},
};
const REQUEST = AG_UI.readRequest(INPUT, SOURCE);

/** Runs the real client on frames. */
async function runAgent(frames: string) {
  const { HttpAgent } = await import("@ag-ui/client");
  const agent = new HttpAgent({
    url: "http://house/ag-ui",
    threadId: "t1",
    initialMessages: INPUT.messages as never,
    fetch: createFetch(frames),
  } as never);
  const ends: Record<string, unknown>[] = [];
  const addEnd = ({ event }: { event: Record<string, unknown> }) => void ends.push(event);
  const subscriber = { onRunErrorEvent: addEnd, onRunFinishedEvent: addEnd };
  await agent.runAgent({ runId: "r1" } as never, subscriber as never);
  return { messages: agent.messages.slice(1) as unknown as Record<string, unknown>[], ends };
}

const joinRole = (messages: readonly Record<string, unknown>[], role: string) =>
  messages
    .filter((message) => message["role"] === role)
    .map(({ content }) => content ?? "")
    .join("");

describe("AG-UI for clients", () => {
  it("gives the AG-UI client the answer that collect gives, whatever stream it is", async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, async (answer: AnswerStream) => {
        const { messages, ends } = await runAgent(writeFrames(REQUEST, answer));
        const expected = pickMessage(collectAnswer(answer).choices[0]?.message ?? {});
        assert.equal(joinRole(messages, "assistant"), expected.content);
        assert.equal(joinRole(messages, "reasoning"), expected.reasoning);
        const calls = messages.flatMap(
          ({ toolCalls }) =>
            (toolCalls ?? []) as { id: string; function: { name: string; arguments: string } }[],
        );
        assert.deepEqual(
          calls.map(({ id, function: called }) => ({ id, name: called.name, text: called.arguments })),
          expected.calls,
        );
        assert.equal(ends.length, 1);
        assert.equal(ends[0]!["type"], "RUN_FINISHED");
        const { pendingToolCallIds: pending = [] } = ends[0]!["outcome"] as { pendingToolCallIds?: string[] };
        assert.deepEqual([...pending].sort(), expected.calls.map(({ id }) => id).sort());
        const [usage] = (ends[0]!["usage"] ?? []) as { inputTokens: number }[];
        assert.equal(usage?.inputTokens, answer.end.usage?.["prompt_tokens"]);
      }),
      { numRuns: 40 },
    );
  });

  it("begins with the run, ends with it or with its error, and closes everything before", () => {
    fc.assert(
      fc.property(anyAnswer, (answer) => {
        const types = parseEvents(writeFrames(REQUEST, answer)).map(({ type }) => String(type));
        assert.equal(types[0], "RUN_STARTED");
        assert.equal(types.at(-1), "RUN_FINISHED");
        for (const kind of ["TEXT_MESSAGE", "REASONING_MESSAGE", "REASONING", "TOOL_CALL"])
          assert.equal(
            types.filter((type) => type === `${kind}_START`).length,
            types.filter((type) => type === `${kind}_END`).length,
            kind,
          );
      }),
    );
  });

  it("tells the client of a failed run, and never that it has finished", async () => {
    const frames = writeFrames(REQUEST, {
      pieces: ["Once"],
      end: { finishReason: "error", usage: null, failure: new Failure("timeout", "Too slow.").toJSON() },
    });
    const { ends } = await runAgent(frames);
    assert.deepEqual(
      ends.map(({ type, message, code }) => [type, message, code]),
      [["RUN_ERROR", "The model did not answer in time. Try again.", "timeout"]],
    );
  });

  it("shows tools that the flow runs, with their results", async () => {
    const writer = REQUEST.createWriter(NAME);
    const note: ToolNote = { id: "c1", name: "get_weather", arguments: { city: "Bonn" } };
    const frames = [
      writer.begin(),
      writer.writeText("Let me see."),
      writer.writeTool(note),
      writer.writeTool({ ...note, result: "clear" }),
      writer.writeText("Clear."),
      writer.end({ finishReason: "stop", usage: null }),
    ].join("");
    const { messages, ends } = await runAgent(frames);
    assert.deepEqual(
      messages.map(({ role, content }) => [role, content ?? ""]),
      [
        ["assistant", "Let me see."],
        ["assistant", ""],
        ["tool", "clear"],
        ["assistant", "Clear."],
      ],
    );
    assert.deepEqual(ends[0]!["outcome"], { type: "success" });
  });
});

describe("A request of AG-UI", () => {
  const read = (more: Record<string, unknown>, model = "") =>
    AG_UI.readRequest({ ...INPUT, ...more }, { ...SOURCE, model }).request;

  it("becomes a conversation with pictures, files, calls and results", () => {
    const called = { name: "f", arguments: "{}" };
    const { messages, tools, conversation } = read({
      messages: [
        { id: "1", role: "developer", content: "Be brief." },
        {
          id: "2",
          role: "user",
          content: [
            { type: "text", text: "Look" },
            { type: "image", source: { type: "data", value: "AA==", mimeType: "image/png" } },
            { type: "image", source: { type: "url", value: "https://a.example/b.png" } },
            { type: "audio", source: { type: "data", value: "AA==", mimeType: "audio/wav" } },
            { type: "document", source: { type: "data", value: "AA==", mimeType: "application/pdf" } },
          ],
        },
        { id: "3", role: "reasoning", content: "Hm." },
        { id: "4", role: "assistant", toolCalls: [{ id: "c", type: "function", function: called }] },
        { id: "5", role: "tool", toolCallId: "c", content: "42" },
      ],
      tools: [
        { name: "f", description: "F", parameters: { type: "object" } },
        { name: "g", description: "" },
      ],
    });
    assert.equal(conversation, "t1");
    assert.deepEqual(messages, [
      { role: "developer", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "Look" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AA==" } },
          { type: "image_url", image_url: { url: "https://a.example/b.png" } },
          { type: "input_audio", input_audio: { data: "AA==", format: "wav" } },
          { type: "file", file: { filename: "file", file_data: "data:application/pdf;base64,AA==" } },
        ],
      },
      { role: "assistant", content: "", tool_calls: [{ id: "c", type: "function", function: called }] },
      { role: "tool", content: "42", tool_call_id: "c" },
    ]);
    assert.deepEqual(tools, [
      { type: "function", function: { name: "f", description: "F", parameters: { type: "object" } } },
      { type: "function", function: { name: "g", parameters: { type: "object", properties: {} } } },
    ]);
  });

  it("names its model in the address, or in the forwarded properties", () => {
    assert.equal(read({}, "cheap").model, "cheap");
    assert.equal(read({ forwardedProps: { model: "house" } }).model, "house");
    assert.equal(read({}).model, "");
  });

  for (const [more, place] of [
    [{ threadId: 1 }, "threadId"],
    [{ runId: undefined }, "runId"],
    [{ messages: "x" }, "messages"],
    [{ messages: [{ role: "user", content: [{ type: "image" }] }] }, "messages[0].content"],
    [{ tools: 5 }, "tools"],
  ] as const) {
    it(`is refused for ${JSON.stringify(more)}, by the name of the field`, () => {
      assert.throws(
        () => read(more),
        (thrown: Failure) => thrown.code === "invalid_request" && thrown.message.includes(`field ${place} `),
      );
    });
  }
});
