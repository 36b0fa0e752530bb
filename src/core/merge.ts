import type { Chunk, ChunkChoice, Delta, ToolCallDelta } from "./chunk.js";

/**
 * Two chunks in canonical form as one: a machine that is fed the result comes out as if it had been fed both.
 * The later one's metadata wins. `first` is changed and returned.
 */
export function mergeChunks(first: Chunk, second: Chunk): Chunk {
  for (const key in second) {
    if (key === "choices" || key === "id" || key === "model" || key === "created") continue;
    if (second[key] !== undefined && second[key] !== null)
      first[key] = joinLists(key, first[key], second[key]);
  }
  first.id ||= second.id ?? "";
  first.model ||= second.model ?? "";
  first.created ||= second.created ?? 0;
  for (const choice of second.choices) {
    const known = first.choices.find(({ index }) => index === choice.index);
    if (known) mergeChoice(known, choice);
    else first.choices.push(choice);
  }
  return first;
}

function joinLists(key: string, known: unknown, added: unknown): unknown {
  const list = key === "citations" || key === "search_results";
  return list && Array.isArray(known) && Array.isArray(added) ? [...known, ...added] : added;
}

function mergeChoice(known: ChunkChoice, added: ChunkChoice): void {
  mergeDelta(known.delta, added.delta);
  if (added.finish_reason) known.finish_reason = added.finish_reason;
  if (added.logprobs) {
    known.logprobs ??= {};
    for (const key of ["content", "refusal"] as const) {
      const list = added.logprobs[key];
      if (list) known.logprobs[key] = [...(known.logprobs[key] ?? []), ...list];
    }
  }
  for (const key in added) {
    if (["index", "delta", "finish_reason", "logprobs"].includes(key)) continue;
    if (added[key] !== null && added[key] !== undefined) known[key] = added[key];
  }
}

const TEXTS: ReadonlySet<string> = new Set(["content", "reasoning_content", "refusal"]);

function mergeDelta(known: Delta, added: Delta): void {
  for (const key in added) {
    const value = added[key];
    if (value === null || value === undefined) continue;
    if (TEXTS.has(key)) known[key] = `${known[key] ?? ""}${value as string}`;
    else if (key === "role") known.role ??= value as string;
    else if (key === "tool_calls")
      known.tool_calls = mergeToolCalls(known.tool_calls ?? [], added.tool_calls!);
    else if (key === "audio") known.audio = mergeAudio(known.audio ?? {}, added.audio!);
    else if (Array.isArray(value) && Array.isArray(known[key])) known[key] = [...known[key], ...value];
    else known[key] = value;
  }
}

function mergeToolCalls(known: ToolCallDelta[], added: readonly ToolCallDelta[]): ToolCallDelta[] {
  for (const piece of added) {
    const call = known.find(({ index }) => index === piece.index);
    if (!call) {
      known.push(piece);
      continue;
    }
    const { id, function: said, index: _index, ...extras } = piece;
    Object.assign(call, extras);
    if (id) call.id ||= id;
    if (!said) continue;
    call.function ??= {};
    if (said.name) call.function.name = said.name;
    if (said.arguments) call.function.arguments = `${call.function.arguments ?? ""}${said.arguments}`;
  }
  return known;
}

function mergeAudio(
  known: NonNullable<Delta["audio"]>,
  added: NonNullable<Delta["audio"]>,
): NonNullable<Delta["audio"]> {
  const data = joinBase64(known.data, added.data);
  const transcript = `${known.transcript ?? ""}${added.transcript ?? ""}`;
  Object.assign(known, added);
  if (data) known.data = data;
  if (transcript) known.transcript = transcript;
  return known;
}

/** Pieces of base64 may each be padded: they are joined as bytes, not as text. */
export function joinBase64(first: string | undefined, second: string | undefined): string {
  if (!first || !second) return first || second || "";
  return Buffer.concat([Buffer.from(first, "base64"), Buffer.from(second, "base64")]).toString("base64");
}
