import fc from "fast-check";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import type { FailureCode } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import type { RouterConfig } from "../../../src/node-red/tool-call-router/settings.js";
import { anyChunkLike, anyJson } from "../inputs/arbitraries.js";

/** What happens next. `go` is what lets the run go on, whatever its state. */
export interface RunStep {
  kind:
    | "go"
    | "text"
    | "chunk"
    | "call"
    | "restart"
    | "end"
    | "answer"
    | "begun"
    | "toolsTimedOut"
    | "cancelled"
    | "lost"
    /** The shell notes that the run ends with its present turn. */
    | "cancelSoon";
  text: string;
  chunk: Chunk;
  /** Name and arguments of a call. */
  call: { name: string; args: string; id: string };
  finish: string;
  /** Code of the failure with which a turn ends. */
  fails: FailureCode | undefined;
  /** Which call is answered. */
  nth: number;
  milliseconds: number;
  /** What a flow has made of the message. */
  damage: Message;
}

/** A run's beginning and everything that happens to it. */
export interface RunHistory {
  settings: Partial<RouterConfig>;
  /** Parameters of the request. */
  parameters: Record<string, unknown>;
  /** Names of tools without a wire. */
  missing: readonly string[];
  deadEnd: string | undefined;
  hasOuterTag: boolean;
  steps: RunStep[];
}

const anyChunk: fc.Arbitrary<Chunk> = fc
  .record({
    index: fc.constantFrom(0, 0, 1),
    delta: fc.constantFrom<Chunk["choices"][number]["delta"][]>(
      { role: "assistant" },
      { reasoning_content: "hm" },
      { reasoning_details: [{ type: "t", index: 0, text: "a" }] },
      { annotations: [{ url: "u" }] },
      { tool_calls: [{ index: 0, id: "other", function: { name: "get_time", arguments: "{}" } }] },
    ),
  })
  // The first choice calls tools by steps of their own.
  .map(({ index, delta }) => ({
    choices: [{ index: delta.tool_calls ? 1 : index, delta, finish_reason: null }],
  }));

const anyCall = fc.record({
  name: fc.constantFrom("get_weather", "get_time", "get_time", "own_tool", "no tool", ""),
  args: fc.constantFrom('{"city":"Paris"}', "{}", "", "{", "[]", '{"city":5}'),
  id: fc.constantFrom("a", "b", ""),
});

const anySoundStep: fc.Arbitrary<RunStep> = fc.record({
  kind: fc.oneof(
    { weight: 10, arbitrary: fc.constant("go" as const) },
    { weight: 14, arbitrary: fc.constantFrom<RunStep["kind"][]>("call", "call", "end", "text", "answer") },
    { weight: 3, arbitrary: fc.constantFrom<RunStep["kind"][]>("chunk", "restart") },
    {
      weight: 1,
      arbitrary: fc.constantFrom<RunStep["kind"][]>(
        "begun",
        "toolsTimedOut",
        "cancelled",
        "cancelSoon",
        "lost",
      ),
    },
  ),
  text: fc.constantFrom("a", " ", "", "Let me look. "),
  chunk: anyChunk,
  call: anyCall,
  finish: fc.constantFrom("tool_calls", "tool_calls", "tool_calls", "stop", "length"),
  fails: fc.constantFrom<(FailureCode | undefined)[]>(
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    "interrupted",
  ),
  nth: fc.nat(5),
  milliseconds: fc.nat(1000),
  damage: fc.constant({}),
});

/** Properties of a message as a flow may leave them. */
const anyDamage: fc.Arbitrary<Message> = fc.dictionary(
  fc.constantFrom(
    "payload",
    "chunk",
    "error",
    "stats",
    "request",
    "usage",
    "finishReason",
    "conversation",
    "toolCall",
  ),
  fc.oneof(anyJson, anyChunkLike),
  { maxKeys: 2 },
);

const createAnyHistory = (anyStep: fc.Arbitrary<RunStep>): fc.Arbitrary<RunHistory> =>
  fc.record({
    settings: fc.record({
      maxRounds: fc.integer({ min: 1, max: 3 }),
      toolTimeout: fc.constantFrom(1, 60),
      toolChoice: fc.constantFrom("", "", "", "auto", "none", "get_time"),
      parallel: fc.constantFrom<("" | "yes" | "no")[]>("", "", "no"),
      otherTools: fc.boolean(),
    }),
    parameters: fc.constantFrom<Record<string, unknown>[]>(
      {},
      {},
      { tool_choice: "required" },
      { tool_choice: { type: "function", function: { name: "get_weather" } } },
      { parallel_tool_calls: false },
    ),
    missing: fc.constantFrom<string[][]>([], [], ["get_weather"], ["own_tool"]),
    deadEnd: fc.constantFrom(undefined, undefined, undefined, "A dead end."),
    hasOuterTag: fc.boolean(),
    steps: fc.array(anyStep, { minLength: 1, maxLength: 40, size: "max" }),
  });

/** Whatever may happen to a run. */
export const anyRunHistory: fc.Arbitrary<RunHistory> = createAnyHistory(anySoundStep);

/** Whatever may happen to a run, with messages that a flow has damaged. */
export const anyDamagedRun: fc.Arbitrary<RunHistory> = createAnyHistory(
  fc
    .record({ step: anySoundStep, damage: fc.option(anyDamage, { nil: {} }) })
    .map(({ step, damage }) => ({ ...step, damage })),
);
