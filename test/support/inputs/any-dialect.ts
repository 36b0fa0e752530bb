import fc from "fast-check";
import * as gemini from "../services/gemini-records.js";
import * as ollama from "../services/ollama-records.js";
import * as responses from "../services/responses-records.js";
import { anyText } from "./arbitraries.js";
import { cutByLengths } from "./cutting.js";
import {
  buildChunk,
  buildFinishChunk,
  buildTextChunk,
  buildUsageChunk,
  CHUNK_HEAD,
  DONE_RECORD,
  formatEventStream,
} from "./openai-chunks.js";

/** An answer of a model, independent of the dialect of a service. */
export interface Answer {
  /** Pieces of the reasoning before the text. */
  reasoning: readonly string[];
  texts: readonly string[];
  calls: readonly { name: string; arguments: Record<string, unknown> }[];
  /** The finish reason of the message contract. `tool_calls` if there are calls. */
  finishReason: "stop" | "length" | "content_filter" | "tool_calls";
  usage: { input: number; output: number };
}

/** The response of a service. */
export interface RenderedAnswer {
  body: Buffer;
  /** Default: `text/event-stream`. */
  contentType?: string;
}

/** Renders an answer in one dialect. `lengths` are those of the pieces of tool arguments, used in a circle. */
export type Renderer = (answer: Answer, lengths: readonly number[]) => RenderedAnswer;

const anyArguments: fc.Arbitrary<Record<string, unknown>> = fc.dictionary(
  // A number as a key would change the order of the keys.
  fc.constantFrom("city", "unit", "days", "größe", 'say "hi"'),
  fc.oneof(
    anyText.map(replaceLoneSurrogates),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.integer(), { maxLength: 3 }),
  ),
  { maxKeys: 3, noNullPrototype: true },
);

function replaceLoneSurrogates(content: string): string {
  return Buffer.from(content).toString();
}

/** Pieces of text, none of them empty, because each dialect treats empty pieces in its own way. */
const createAnyPieces = (minLength: number) =>
  fc.array(
    anyText.map(replaceLoneSurrogates).filter((piece) => piece !== ""),
    { minLength, maxLength: 5 },
  );

export const anyAnswer: fc.Arbitrary<Answer> = fc
  .record({
    reasoning: fc.oneof(fc.constant<string[]>([]), createAnyPieces(1)),
    texts: createAnyPieces(0),
    calls: fc.array(
      fc.record(
        { name: fc.constantFrom("get_weather", "search", "f"), arguments: anyArguments },
        { noNullPrototype: true },
      ),
      { maxLength: 3 },
    ),
    finishReason: fc.constantFrom("stop", "length", "content_filter"),
    usage: fc.record({ input: fc.integer({ min: 1, max: 1e6 }), output: fc.integer({ min: 1, max: 1e6 }) }),
  })
  .map(
    (answer) =>
      (answer.calls.length > 0 ? { ...answer, finishReason: "tool_calls" as const } : answer) as Answer,
  );

const renderOpenAi: Renderer = ({ reasoning, texts, calls, finishReason, usage }, lengths) => ({
  body: formatEventStream(
    buildChunk({ role: "assistant", content: "" }),
    ...reasoning.map((piece) => buildChunk({ reasoning_content: piece })),
    ...texts.map((piece) => buildTextChunk(piece)),
    ...calls.flatMap((call, index) => [
      buildChunk({
        tool_calls: [
          { index, id: `call_${index}`, type: "function", function: { name: call.name, arguments: "" } },
        ],
      }),
      ...cutByLengths(JSON.stringify(call.arguments), lengths).map((piece) =>
        buildChunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
      ),
    ]),
    buildFinishChunk(finishReason),
    buildUsageChunk({
      prompt_tokens: usage.input,
      completion_tokens: usage.output,
      total_tokens: usage.input + usage.output,
    }),
    DONE_RECORD,
  ),
});

const STOP_REASONS = {
  stop: "end_turn",
  length: "max_tokens",
  content_filter: "refusal",
  tool_calls: "tool_use",
} as const;

const renderAnthropic: Renderer = ({ reasoning, texts, calls, finishReason, usage }, lengths) => {
  const blocks = [
    ...(reasoning.length > 0
      ? [
          {
            start: { type: "thinking", thinking: "", signature: "" },
            deltas: [
              ...reasoning.map((thinking) => ({ type: "thinking_delta", thinking })),
              { type: "signature_delta", signature: "c2ln" },
            ],
          },
        ]
      : []),
    ...(texts.length > 0
      ? [
          {
            start: { type: "text", text: "" },
            deltas: texts.map((piece) => ({ type: "text_delta", text: piece })),
          },
        ]
      : []),
    ...calls.map((call, at) => {
      const json = JSON.stringify(call.arguments);
      const pieces = json === "{}" ? [""] : cutByLengths(json, lengths);
      return {
        start: { type: "tool_use", id: `toolu_${at}`, name: call.name, input: {} },
        deltas: pieces.map((partial_json) => ({ type: "input_json_delta", partial_json })),
      };
    }),
  ];
  const events = [
    {
      type: "message_start",
      message: {
        id: CHUNK_HEAD.id,
        type: "message",
        role: "assistant",
        model: CHUNK_HEAD.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: usage.input, output_tokens: 1 },
      },
    },
    { type: "ping" },
    ...blocks.flatMap(({ start, deltas }, index) => [
      { type: "content_block_start", index, content_block: start },
      ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
      { type: "content_block_stop", index },
    ]),
    {
      type: "message_delta",
      delta: { stop_reason: STOP_REASONS[finishReason], stop_sequence: null },
      usage: { output_tokens: usage.output },
    },
    { type: "message_stop" },
  ];
  const framed = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  return { body: Buffer.from(framed.join("")) };
};

const FINISH_REASONS = {
  stop: "STOP",
  length: "MAX_TOKENS",
  content_filter: "SAFETY",
  tool_calls: "STOP",
} as const;

function buildGeminiRecords({ reasoning, texts, calls, finishReason, usage }: Answer): object[] {
  const parts = calls.map(({ name, arguments: args }, at) =>
    gemini.createCallPart(name, args, at === 0 ? { thoughtSignature: "c2ln" } : {}),
  );
  const usageMetadata = {
    promptTokenCount: usage.input,
    candidatesTokenCount: usage.output,
    totalTokenCount: usage.input + usage.output,
  };
  return [
    ...reasoning.map((piece) => gemini.createThoughtRecord(piece)),
    ...texts.map((piece) => gemini.createTextRecord(piece)),
    ...(parts.length > 0 ? [gemini.createRecord(parts)] : []),
    gemini.createRecord([], { finishReason: FINISH_REASONS[finishReason] }, { usageMetadata }),
  ];
}

const renderOllama: Renderer = ({ reasoning, texts, calls, finishReason, usage }) => ({
  contentType: "application/x-ndjson",
  body: ollama.formatLines(
    ...reasoning.map((thinking) => ollama.createRecord({ thinking })),
    ...texts.map((piece) => ollama.createTextRecord(piece)),
    ...calls.map((call) => ollama.createRecord({ tool_calls: [{ function: call }] })),
    ollama.createDoneRecord(
      finishReason === "tool_calls" ? "stop" : finishReason,
      {},
      { prompt_eval_count: usage.input, eval_count: usage.output },
    ),
  ),
});

const RESPONSES_ENDS = {
  stop: ["completed", {}],
  length: ["incomplete", { incomplete_details: { reason: "max_output_tokens" } }],
  content_filter: ["incomplete", { incomplete_details: { reason: "content_filter" } }],
  tool_calls: ["completed", {}],
} as const;

/** Builds the events of an answer as OpenAI sends them. `lengths` are those of the pieces of tool arguments. */
export function buildResponsesEvents(answer: Answer, lengths: readonly number[]): responses.WireEvent[] {
  const { reasoning, texts, calls, finishReason, usage } = answer;
  const items = [
    ...(reasoning.length > 0
      ? [(index: number) => responses.buildReasoningEvents(reasoning, index, { encrypted_content: "c2ln" })]
      : []),
    ...(texts.length > 0 ? [(index: number) => responses.buildMessageEvents(texts, index)] : []),
    ...calls.map((call, at) => (index: number) => {
      const pieces = cutByLengths(JSON.stringify(call.arguments), lengths);
      return responses.buildCallEvents(`call_${at}`, call.name, pieces, index);
    }),
  ];
  const [name, more] = RESPONSES_ENDS[finishReason];
  const counts = { input_tokens: usage.input, output_tokens: usage.output };
  const total = { ...counts, total_tokens: usage.input + usage.output };
  const events = items.flatMap((build, index) => build(index));
  return responses.buildStream(events, { ...more, usage: total }, name);
}

/** Matches the types of events that tell a part of an item. */
const PART_EVENT = /added$|delta$|_text\.done$|_part\.done$|_arguments\.done$/;

/** The renderer of each dialect. A new dialect gets an entry here. */
export const RENDERERS: Readonly<Record<string, Renderer>> = {
  openai: renderOpenAi,
  anthropic: renderAnthropic,
  gemini: (answer) => ({ body: formatEventStream(...buildGeminiRecords(answer)) }),
  "gemini, as an array": (answer) => ({
    body: gemini.formatArray(...buildGeminiRecords(answer)),
    contentType: "application/json",
  }),
  ollama: renderOllama,
  responses: (answer, lengths) => ({ body: responses.formatEvents(buildResponsesEvents(answer, lengths)) }),
  "responses, without whole items": (answer, lengths) => ({
    body: formatEventStream(
      ...buildResponsesEvents(answer, lengths)
        .filter(({ type }) => type !== "response.output_item.done")
        .map((event) =>
          "response" in event
            ? { ...event, response: { ...(event["response"] as object), output: [] } }
            : event,
        ),
    ),
  }),
};

/** Renderers of answers whose texts do not come in pieces. */
export const WHOLE_RENDERERS: Readonly<Record<string, Renderer>> = {
  "responses, with whole items alone": (answer, lengths) => ({
    body: formatEventStream(
      ...buildResponsesEvents(answer, lengths).filter(({ type }) => !PART_EVENT.test(type as string)),
      DONE_RECORD,
    ),
  }),
  "responses, in one piece": (answer, lengths) => ({
    body: Buffer.from(JSON.stringify(buildResponsesEvents(answer, lengths).at(-1)!["response"])),
    contentType: "application/json",
  }),
};
