import { randomBytes } from "node:crypto";
import { streamedError } from "./faults.js";
import type { Generation, Usage } from "./generation.js";
import type { Fault } from "./models.js";

/** What happens next in a stream. Only `reasoning` and `content` wait for the pace. */
export type Step =
  | { readonly kind: "reasoning" | "content" | "finish" | "other"; readonly text: string }
  /** The connection breaks, once everything before has left. */
  | { readonly kind: "drop" }
  /** Nothing more comes, and the connection stays open. */
  | { readonly kind: "stall" };

/** What all records of one answer have in common. */
export interface Head {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
}

export const FINGERPRINT = "fp_demo";

export function newId(prefix: string): string {
  return prefix + randomBytes(12).toString("hex");
}

/** The server-sent events of an answer: Chat Completions chunks, interleaved where there are several choices. */
export function* records(
  head: Head,
  generations: readonly Generation[],
  usage: Usage | undefined,
): Generator<Step> {
  const common = {
    id: head.id,
    object: "chat.completion.chunk",
    created: head.created,
    model: head.model,
    system_fingerprint: FINGERPRINT,
  };
  // Most records differ in one string, so the rest is encoded once.
  const opening = JSON.stringify(common).slice(0, -1);
  const closing = usage ? ',"usage":null}\n\n' : "}\n\n";
  const record = (index: number, delta: string, finish: string | null): string =>
    `data: ${opening},"choices":[{"index":${index},"delta":${delta},"logprobs":null,"finish_reason":${JSON.stringify(finish)}}]${closing}`;

  for (const [index, generation] of generations.entries()) {
    const content = generation.toolCalls.length > 0 ? null : "";
    yield {
      kind: "other",
      text: record(index, JSON.stringify({ role: "assistant", content, refusal: null }), null),
    };
  }
  let speaking = generations.map((generation, index) => ({ index, deltas: deltas(generation) }));
  while (speaking.length > 0) {
    const still: typeof speaking = [];
    for (const speaker of speaking) {
      const next = speaker.deltas.next();
      if (!next.done) {
        yield { kind: next.value.kind, text: record(speaker.index, JSON.stringify(next.value.delta), null) };
        still.push(speaker);
      } else {
        yield { kind: "finish", text: record(speaker.index, "{}", generations[speaker.index]!.finishReason) };
      }
    }
    speaking = still;
  }
  if (usage) yield { kind: "other", text: `data: ${JSON.stringify({ ...common, choices: [], usage })}\n\n` };
  yield { kind: "other", text: "data: [DONE]\n\n" };
}

interface NamedDelta {
  readonly kind: "reasoning" | "content" | "other";
  readonly delta: object;
}

function* deltas(generation: Generation): Generator<NamedDelta> {
  for (const piece of generation.reasoning) yield { kind: "reasoning", delta: { reasoning_content: piece } };
  for (const piece of generation.content) yield { kind: "content", delta: { content: piece } };
  for (const [index, call] of generation.toolCalls.entries()) {
    const first = {
      index,
      id: newId("call_"),
      type: "function",
      function: { name: call.name, arguments: "" },
    };
    yield { kind: "other", delta: { tool_calls: [first] } };
    for (const piece of call.arguments) {
      yield { kind: "content", delta: { tool_calls: [{ index, function: { arguments: piece } }] } };
    }
  }
}

/** Lets a fault strike after so many content chunks; an answer that is shorter meets it before its end. */
export function* withFault(steps: Iterable<Step>, fault: Fault): Generator<Step> {
  let contents = 0;
  let struck = false;
  for (const step of steps) {
    if (!struck && ((step.kind === "content" && contents === fault.after) || step.kind === "finish")) {
      struck = true;
      if (fault.kind === "drop" || fault.kind === "stall") {
        yield { kind: fault.kind };
        return;
      }
      if (fault.kind === "error") {
        yield { kind: "other", text: `data: ${JSON.stringify(streamedError())}\n\n` };
        return;
      }
      // The stream goes on behind the broken record, so that a client that skips it has the whole answer.
      if (fault.kind === "malformed") yield { kind: "other", text: MALFORMED };
    }
    if (step.kind === "content") contents++;
    yield step;
  }
}

/** A record as a proxy leaves it that cuts at a buffer's end. */
const MALFORMED =
  'data: {"id":"chatcmpl-demo","object":"chat.completion.chunk","choices":[{"index":0,"del\n\n';
