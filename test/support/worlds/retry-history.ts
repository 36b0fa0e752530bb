import fc from "fast-check";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import type { FailureCode, FailureData } from "../../../src/core/failure.js";
import type { RouteName } from "../../../src/node-red/messages/ask-tags.js";
import type { Message } from "../../../src/node-red/red/api.js";
import type { RetryEvent } from "../../../src/node-red/retry/events.js";
import type { RetryConfig } from "../../../src/node-red/retry/settings.js";
import { anyChunkLike, anyJson } from "../inputs/arbitraries.js";

/** What happens next. `go` is what lets the stream go on, whatever its state. */
export interface RetryStep {
  kind:
    | "go"
    | "chunk"
    | "echo"
    | "restart"
    | "turn"
    | "end"
    | "fail"
    | Exclude<RetryEvent["type"], "message" | "restarted">;
  text: string;
  /** Characters that an `echo` repeats of what the reader has. */
  echo: number;
  chunk: Chunk;
  error: Pick<FailureData, "code" | "retryable" | "provider" | "phase"> & Partial<FailureData>;
  milliseconds: number;
  /** What a flow has made of the message. */
  damage: Message;
}

/** A stream's beginning and everything that happens to it. */
export interface RetryHistory {
  settings: Partial<RetryConfig>;
  deadEnds: Readonly<Record<RouteName, string | undefined>>;
  /** Whether the stream was asked for by a router. */
  hasOuterTag: boolean;
  parameters: Record<string, unknown>;
  /** How the node's earlier life had asked for the stream; undefined: it had not. */
  resumes: "repeat" | "prefill" | "quote" | "restart" | undefined;
  /** Messages of the stream that went to the earlier life. */
  missed: number;
  steps: RetryStep[];
}

const anyWords = fc.constantFrom(
  "a",
  " ",
  "\n",
  "",
  "Once upon a time",
  " there was a king. ",
  "na na na na na na na na ",
);

const anyChunk: fc.Arbitrary<Chunk> = fc
  .record({
    index: fc.constantFrom(0, 0, 0, 1),
    delta: fc.constantFrom<Chunk["choices"][number]["delta"][]>(
      {},
      { role: "assistant" },
      { content: "" },
      { reasoning_content: "hm" },
      { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: "{" } }] },
      { audio: { data: "AA==" } },
    ),
  })
  .map((choice) => ({ choices: [{ ...choice, finish_reason: null }] }));

const anyError = fc.record(
  {
    code: fc.constantFrom<FailureCode[]>(
      "interrupted",
      "server_error",
      "rate_limit",
      "invalid_request",
      "not_found",
      "insufficient_credits",
      "cancelled",
      "limit",
    ),
    retryable: fc.constantFrom(true, true, true, false),
    provider: fc.constantFrom("", "demo", "custom", "venice"),
    phase: fc.constantFrom<FailureData["phase"][]>("streaming", "connect", "queue"),
    retryAfterMs: fc.constantFrom(-1, 0, 700, 1e9),
    status: fc.constantFrom(429, 500),
  },
  { requiredKeys: ["code", "retryable", "provider", "phase"] },
);

/** Properties of a message as a flow may leave them. */
const anyDamage: fc.Arbitrary<Message> = fc.dictionary(
  fc.constantFrom("payload", "chunk", "error", "stats", "request", "rounds", "finishReason", "conversation"),
  fc.oneof(anyJson, anyChunkLike),
  { maxKeys: 2 },
);

const anySoundStep: fc.Arbitrary<RetryStep> = fc.record({
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant("go" as const) },
    { weight: 10, arbitrary: fc.constantFrom("chunk" as const, "echo" as const, "fail" as const) },
    { weight: 3, arbitrary: fc.constantFrom("restart" as const, "turn" as const, "end" as const) },
    {
      weight: 2,
      arbitrary: fc.constantFrom<RetryStep["kind"][]>(
        "claimed",
        "due",
        "admitted",
        "refused",
        "cancelled",
        "lost",
      ),
    },
  ),
  text: anyWords,
  echo: fc.nat(50),
  chunk: anyChunk,
  error: anyError,
  milliseconds: fc.nat(1000),
  damage: fc.constant({}),
});

const createAnyHistory = (anyStep: fc.Arbitrary<RetryStep>): fc.Arbitrary<RetryHistory> =>
  fc.record({
    settings: fc.record({
      attempts: fc.integer({ min: 1, max: 4 }),
      delay: fc.constantFrom(0, 500),
      maxDelay: fc.constantFrom(0, 1000, 20_000),
      afterText: fc.constantFrom("continue", "continue", "restart", "stop"),
      continueBy: fc.constantFrom("auto", "prefill", "quote"),
    }),
    deadEnds: fc.record({
      again: fc.constantFrom(undefined, undefined, undefined, "", "A dead end."),
      fallback: fc.constantFrom(undefined, "", "A dead end."),
    }),
    hasOuterTag: fc.boolean(),
    parameters: fc.constantFrom<object[]>(
      {},
      {},
      {},
      { n: 2 },
      { response_format: { type: "json_object" } },
    ) as fc.Arbitrary<Record<string, unknown>>,
    resumes: fc.constantFrom(undefined, undefined, undefined, "repeat", "prefill", "quote", "restart"),
    missed: fc.constantFrom(0, 0, 0, 2),
    steps: fc.array(anyStep, { minLength: 1, maxLength: 40, size: "max" }),
  });

/** Whatever may happen to a stream. */
export const anyRetryHistory: fc.Arbitrary<RetryHistory> = createAnyHistory(anySoundStep);

/** Whatever may happen to a stream, with messages that a flow has damaged. */
export const anyDamagedHistory: fc.Arbitrary<RetryHistory> = createAnyHistory(
  fc
    .record({ step: anySoundStep, damage: fc.option(anyDamage, { nil: {} }) })
    .map(({ step, damage }) => ({ ...step, damage })),
);
