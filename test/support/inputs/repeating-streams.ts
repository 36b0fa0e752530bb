import fc from "fast-check";
import { anyJsonStyle, anyText, writeOddJson } from "./arbitraries.js";

type Fields = Record<string, unknown>;

/** A form of records whose next record differs in a few values only. */
export interface RepeatingForm {
  name: string;
  /** Default: `text/event-stream`. */
  contentType?: string;
  /** Records before the ones that repeat. */
  start: readonly object[];
  /** Builds a record. @param count how many came before it */
  build(text: string, count: number): Fields;
  /** Records after them. */
  end: readonly object[];
}

const openAi = (
  delta: (text: string, count: number) => object,
  more: (count: number) => object = () => ({}),
) => ({
  start: [] as object[],
  build: (text: string, count: number): Fields => ({
    id: `c-${count % 3}`,
    object: "chat.completion.chunk",
    created: 1_700_000_000 + count,
    model: "m-1",
    choices: [{ index: 0, delta: delta(text, count), finish_reason: null }],
    ...more(count),
  }),
  end: [{ id: "c-1", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }],
});

const anthropic = (start: object, delta: (text: string) => object) => ({
  start: [
    {
      type: "message_start",
      message: { id: "msg_1", role: "assistant", model: "m", content: [], usage: { input_tokens: 3 } },
    },
    { type: "content_block_start", index: 0, content_block: start },
  ],
  build: (text: string): Fields => ({ type: "content_block_delta", index: 0, delta: delta(text) }),
  end: [
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } },
    { type: "message_stop" },
  ],
});

const gemini = (part: (text: string) => object, candidate: (count: number) => object = () => ({})) => ({
  start: [] as object[],
  build: (text: string, count: number): Fields => ({
    candidates: [{ content: { parts: [part(text)], role: "model" }, index: 0, ...candidate(count) }],
    usageMetadata: { promptTokenCount: 7, candidatesTokenCount: count, totalTokenCount: count + 7 },
    modelVersion: "gemini-x",
    responseId: count > 4 ? "r-2" : "r-1",
  }),
  end: [
    { candidates: [{ content: { parts: [] }, finishReason: "STOP", index: 0 }], modelVersion: "gemini-x" },
  ],
});

const ollama = (message: (text: string) => object, more: (count: number) => object = () => ({})) => ({
  contentType: "application/x-ndjson",
  start: [] as object[],
  build: (text: string, count: number): Fields => ({
    model: "llama",
    created_at: `2026-01-01T00:00:0${count % 10}.${count}Z`,
    message: { role: "assistant", ...message(text) },
    done: false,
    ...more(count),
  }),
  end: [
    {
      model: "llama",
      message: { role: "assistant", content: "" },
      done: true,
      done_reason: "stop",
      eval_count: 4,
    },
  ],
});

const responses = (type: string, item: object, more: (count: number) => object = () => ({})) => ({
  start: [
    { type: "response.created", response: { id: "resp_1", model: "m", created_at: 5 }, sequence_number: 0 },
    { type: "response.output_item.added", output_index: 0, item: { id: "i_1", ...item }, sequence_number: 1 },
  ],
  build: (delta: string, count: number): Fields => ({
    type,
    item_id: "i_1",
    output_index: 0,
    content_index: 0,
    delta,
    sequence_number: count + 2,
    obfuscation: "abcdefgh".slice(count % 8),
    ...more(count),
  }),
  end: [
    {
      type: "response.completed",
      response: {
        id: "resp_1",
        model: "m",
        status: "completed",
        output: [],
        usage: { input_tokens: 1, output_tokens: 2 },
      },
    },
  ],
});

const token = (text: string, count: number) => ({
  token: text,
  logprob: -count / 7,
  bytes: [count],
  top_logprobs: [],
});

/** The forms of all dialects. */
export const REPEATING_FORMS: readonly RepeatingForm[] = [
  { name: "Chat Completions", ...openAi((content) => ({ content })) },
  {
    name: "Chat Completions with usage and timings in each record",
    ...openAi(
      (content) => ({ content }),
      (count) => ({
        usage: { prompt_tokens: 3, completion_tokens: count, details: { a: count % 2 } },
        timings: { ms: count / 3 },
      }),
    ),
  },
  {
    name: "Chat Completions with padding and vendor fields",
    ...openAi(
      (content) => ({ content }),
      (count) => ({
        obfuscation: "x".repeat(count % 5),
        system_fingerprint: "fp",
        provider: { region: ["eu"] },
      }),
    ),
  },
  {
    name: "Chat Completions with reasoning",
    ...openAi((text) => ({ content: null, reasoning_content: text })),
  },
  {
    name: "Chat Completions with reasoning in two places",
    ...openAi((text) => ({
      role: "assistant",
      content: "",
      reasoning: text,
      reasoning_details: [{ type: "reasoning.text", text, format: "unknown", index: 0 }],
    })),
  },
  {
    name: "Chat Completions with parts of thought",
    ...openAi((text) => ({ content: [{ type: "thinking", thinking: [{ type: "text", text }] }] })),
  },
  {
    name: "Chat Completions with probabilities",
    ...(() => {
      const form = openAi((content) => ({ content }));
      const build = (text: string, count: number) => {
        const record = form.build(text, count) as { choices: Fields[] };
        record.choices[0]!["logprobs"] = { content: [token(text, count)], refusal: null };
        return record;
      };
      return { ...form, build };
    })(),
  },
  {
    name: "Chat Completions with arguments of a tool",
    ...openAi((text, count) => ({
      tool_calls: [
        {
          index: 0,
          ...(count === 0
            ? { id: "a", function: { name: "f", arguments: text } }
            : { function: { arguments: text } }),
        },
      ],
    })),
  },
  {
    name: "Anthropic text",
    ...anthropic({ type: "text", text: "" }, (text) => ({ type: "text_delta", text })),
  },
  {
    name: "Anthropic thinking",
    ...anthropic({ type: "thinking", thinking: "" }, (thinking) => ({ type: "thinking_delta", thinking })),
  },
  {
    name: "Anthropic arguments of a tool",
    ...anthropic({ type: "tool_use", id: "t", name: "f", input: {} }, (partial_json) => ({
      type: "input_json_delta",
      partial_json,
    })),
  },
  { name: "Gemini text", ...gemini((text) => ({ text })) },
  { name: "Gemini thoughts", ...gemini((text) => ({ text, thought: true })) },
  {
    name: "Gemini probabilities and ratings",
    ...gemini(
      (text) => ({ text }),
      (count) => ({
        logprobsResult: { chosenCandidates: [{ token: "a", logProbability: -count }] },
        ...(count % 9 === 8 ? { safetyRatings: [{ category: "x" }] } : {}),
      }),
    ),
  },
  { name: "Ollama text", ...ollama((content) => ({ content })) },
  { name: "Ollama thinking", ...ollama((thinking) => ({ content: "", thinking })) },
  {
    name: "Ollama probabilities",
    ...ollama(
      (content) => ({ content }),
      (count) => ({ logprobs: [token("t", count)] }),
    ),
  },
  {
    name: "Responses text",
    ...responses("response.output_text.delta", { type: "message" }, () => ({ logprobs: [] })),
  },
  {
    name: "Responses probabilities",
    ...responses("response.output_text.delta", { type: "message" }, (count) => ({
      logprobs: [token("t", count)],
    })),
  },
  {
    name: "Responses reasoning",
    ...responses("response.reasoning_summary_text.delta", { type: "reasoning" }, () => ({
      summary_index: 0,
    })),
  },
  {
    name: "Responses arguments of a tool",
    ...responses("response.function_call_arguments.delta", {
      type: "function_call",
      call_id: "c",
      name: "f",
    }),
  },
];

/** A change that makes a record differ from the others in more than a few values. */
type Change = (record: Fields, pick: number, value: unknown) => void;

const CHANGES: readonly Change[] = [
  (record, pick, value) => {
    const [holder, key] = pickMember(record, pick);
    (holder as Fields)[key] = value;
  },
  (record, pick) => {
    const [holder, key] = pickMember(record, pick);
    if (!Array.isArray(holder)) delete (holder as Fields)[key];
  },
  (record, pick, value) => {
    const [holder] = pickMember(record, pick);
    if (!Array.isArray(holder)) (holder as Fields)["extra"] = value;
  },
];

const VALUES: readonly unknown[] = [
  null,
  "",
  "other",
  0,
  -1.5e3,
  true,
  [],
  {},
  ["x"],
  { error: "x" },
  [{ text: "part" }],
  "stop",
];

/** Texts that no encoder writes, put in place of a part of a record. */
const SPOILS: readonly (readonly [RegExp, string])[] = [
  [/:(\d)/, ":0$1"],
  [/:\d+/, ":1e999"],
  [/:\d+/, ":NaN"],
  [/\}$/, ""],
  [/\{/, '{"id":"twice","delta":{"content":"twice"},'],
  [/\{/, '{"__proto__":{"a":1},'],
  [/"(content|text|delta|thinking)"/, '"$1":"twice","$1"'],
  [/:"/, ':"\\ud83d'],
  [/:"/, ':"\\q'],
  [/:"/, ':"\t'],
  [/"(content|text|delta|thinking)"/, '"\\u0063ontent"'],
];

/** Records of a stream of this form, as JSON texts. Most repeat the one before; some differ, in any way. */
export function anyRepeatingRecords(form: RepeatingForm): fc.Arbitrary<string[]> {
  const anyStep = fc.record({
    text: fc.oneof(anyText, fc.constantFrom("a", " b", "c ", "same")),
    style: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
    change: fc.oneof(
      { weight: 10, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.nat(CHANGES.length - 1),
          pick: fc.nat(40),
          value: fc.constantFrom(...VALUES),
        }),
      },
    ),
    spoil: fc.oneof(
      { weight: 20, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom(...SPOILS) },
    ),
    /** How often the record comes with other texts. */
    again: fc.nat(3),
  });
  return fc
    .tuple(
      fc.array(anyStep, { maxLength: 10, size: "max" }),
      fc.tuple(fc.constant([0]), fc.oneof(fc.constant([0]), anyJsonStyle)),
    )
    .map(([steps, styles]) => {
      let count = 0;
      const records = steps.flatMap(({ text, style, change, spoil, again }) =>
        Array.from({ length: again + 1 }, (_, at) => {
          const record = form.build(at === 0 ? text : `${text}${at}`, count++);
          if (change) CHANGES[change.kind]!(record, change.pick, change.value);
          const json = writeOddJson(record, styles[style]!);
          return spoil ? json.replace(...spoil) : json;
        }),
      );
      return [
        ...form.start.map((record) => JSON.stringify(record)),
        ...records,
        ...form.end.map((record) => JSON.stringify(record)),
      ];
    });
}

/** Picks a member anywhere in a record. */
function pickMember(record: Fields, pick: number): [holder: object, key: string] {
  const members: [object, string][] = [];
  const collect = (holder: object) => {
    for (const [key, value] of Object.entries(holder)) {
      members.push([holder, key]);
      if (typeof value === "object" && value !== null) collect(value as object);
    }
  };
  collect(record);
  return members[pick % members.length]!;
}
