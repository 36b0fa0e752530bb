import { Failure } from "../failure.js";
import { readOwnField } from "../json/parse.js";
import type { AudioDelta, Chunk, ChunkChoice, Delta, Logprobs, ToolCallDelta } from "./chunk.js";
import { mergeField } from "./vendor-fields.js";

/**
 * Two chunks in canonical form as one: a machine that is fed the result comes out as if it had been fed both.
 * The later one's metadata wins. `first` is changed and returned.
 */
export function mergeChunks(first: Chunk, second: Chunk): Chunk {
  for (const key in second) {
    if (OWN_FIELDS.has(key)) continue;
    const known = readOwnField(first, key);
    first[key] = CHUNK_LISTS.has(key) ? concatLists(known, second[key]) : mergeField(known, second[key]);
  }
  first.id ||= second.id ?? "";
  first.model ||= second.model ?? "";
  first.created ||= second.created ?? 0;
  if (second.usage) first.usage = second.usage;
  for (const choice of second.choices) {
    const known = first.choices.find(({ index }) => index === choice.index);
    if (known) mergeChoice(known, choice);
    else first.choices.push(choice);
  }
  return first;
}

/**
 * One entry a choice: a record that names a choice twice, or leaves its index out twice, means one.
 * @throws Failure `limit` for more than `most` in one record
 */
export function mergeDuplicateChoices(choices: ChunkChoice[], most: number): ChunkChoice[] {
  if (choices.length > most)
    throw new Failure("limit", `The service sent a choice beyond the limit of ${most}.`);
  return choices.length < 2 ? choices : mergeChunks({ choices: [] }, { choices }).choices;
}

const OWN_FIELDS: ReadonlySet<string> = new Set(["id", "object", "created", "model", "choices", "usage"]);
const CHUNK_LISTS: ReadonlySet<string> = new Set(["citations", "search_results"]);
const DELTA_TEXTS: ReadonlySet<string> = new Set([
  "content",
  "reasoning_content",
  "encrypted_reasoning",
  "refusal",
]);
const DELTA_LISTS: ReadonlySet<string> = new Set(["annotations", "images", "reasoning_details"]);

function concatLists(known: unknown, added: unknown): unknown {
  return Array.isArray(known) && Array.isArray(added) ? [...known, ...added] : (added ?? known);
}

function mergeChoice(known: ChunkChoice, added: ChunkChoice): void {
  mergeDelta(known.delta, added.delta);
  for (const key in added) {
    if (key === "index" || key === "delta") continue;
    if (key === "finish_reason") known.finish_reason = added.finish_reason || (known.finish_reason ?? null);
    else if (key === "logprobs") known.logprobs = mergeLogprobs(known.logprobs, added.logprobs);
    else known[key] = mergeField(readOwnField(known, key), added[key]);
  }
}

function mergeLogprobs(known: ChunkChoice["logprobs"], added: ChunkChoice["logprobs"]): Logprobs | null {
  if (!known || !added) return known ?? added ?? null;
  for (const key of ["content", "refusal"] as const) {
    const list = added[key];
    if (list) known[key] = [...(known[key] ?? []), ...list];
  }
  return known;
}

function mergeDelta(known: Delta, added: Delta): void {
  for (const key in added) {
    const value = added[key];
    if (value === null || value === undefined) continue;
    if (DELTA_TEXTS.has(key)) known[key] = `${known[key] ?? ""}${value as string}`;
    else if (DELTA_LISTS.has(key)) known[key] = concatLists(known[key], value);
    else if (key === "role") known.role ??= value as string;
    else if (key === "tool_calls")
      known.tool_calls = mergeToolCalls(known.tool_calls ?? [], added.tool_calls!);
    else if (key === "audio") known.audio = mergeAudio(known.audio ?? {}, added.audio!);
    else known[key] = mergeField(readOwnField(known, key), value);
  }
}

function mergeToolCalls(known: ToolCallDelta[], added: readonly ToolCallDelta[]): ToolCallDelta[] {
  for (const piece of added) {
    const call = known.find(({ index }) => index === piece.index);
    if (!call) {
      known.push(piece);
      continue;
    }
    for (const key in piece)
      if (!TOOL_CALL_FIELDS.has(key)) call[key] = mergeField(readOwnField(call, key), piece[key]);
    if (piece.id) call.id ||= piece.id;
    if (piece.type) call.type ||= piece.type;
    const said = piece.function;
    if (!said) continue;
    call.function ??= {};
    if (said.name) call.function.name = said.name;
    if (said.arguments) call.function.arguments = `${call.function.arguments ?? ""}${said.arguments}`;
  }
  return known;
}

const TOOL_CALL_FIELDS: ReadonlySet<string> = new Set(["index", "id", "type", "function"]);

function mergeAudio(known: AudioDelta, added: AudioDelta): AudioDelta {
  for (const [key, value] of Object.entries(added)) {
    const earlier = readOwnField(known, key);
    if (typeof value !== "string" || typeof earlier !== "string") known[key] = mergeField(earlier, value);
    else if (key === "data") known.data = joinBase64([earlier, value]);
    else known[key] = key === "transcript" ? `${earlier}${value}` : value;
  }
  return known;
}

/** Pieces of base64: where each is padded, they are joined as bytes; where one text was cut, as text. */
export function joinBase64(pieces: readonly string[]): string {
  const said = pieces.filter((piece) => piece !== "");
  if (said.slice(0, -1).every((piece) => !piece.endsWith("="))) return said.join("");
  return Buffer.concat(said.map((piece) => Buffer.from(piece, "base64"))).toString("base64");
}
