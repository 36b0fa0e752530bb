import { Failure } from "../failure.js";
import { readOwnField } from "../json/parse.js";
import {
  type AudioDelta,
  CHUNK_FIELDS,
  CHUNK_LISTS,
  type Chunk,
  type ChunkChoice,
  DELTA_LISTS,
  DELTA_TEXTS,
  type Delta,
  type Logprobs,
  TOOL_CALL_FIELDS,
  type ToolCallDelta,
} from "./chunk.js";
import { mergeDeltaField } from "./growing-fields.js";
import { mergeField } from "./vendor-fields.js";

/**
 * Merges two chunks in the common form into one that adds to a completion what both would add. The earlier id, model and
 * time count, and the later usage. `first` is changed and returned.
 */
export function mergeChunks(first: Chunk, second: Chunk): Chunk {
  for (const key in second) {
    if (CHUNK_FIELDS.has(key)) continue;
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
 * Merges the entries of a record that have the same choice index, so that each choice has one entry.
 * @throws Failure `limit` if the record has more than `maxCount` entries
 */
export function mergeDuplicateChoices(choices: ChunkChoice[], maxCount: number): ChunkChoice[] {
  if (choices.length > maxCount) {
    throw new Failure(
      "limit",
      `The service sent ${choices.length} choices in one record, and the limit is ${maxCount}. Ask for fewer answers.`,
    );
  }
  return choices.length < 2 ? choices : mergeChunks({ choices: [] }, { choices }).choices;
}

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
    if ((DELTA_TEXTS as readonly string[]).includes(key))
      known[key] = `${known[key] ?? ""}${value as string}`;
    else if (DELTA_LISTS.includes(key)) known[key] = concatLists(known[key], value);
    else if (key === "role") known.role ??= value as string;
    else if (key === "tool_calls")
      known.tool_calls = mergeToolCalls(known.tool_calls ?? [], added.tool_calls!);
    else if (key === "audio") known.audio = mergeAudio(known.audio ?? {}, added.audio!);
    else known[key] = mergeDeltaField(key, readOwnField(known, key), value);
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
    if (piece.whole_input !== undefined) call.whole_input = piece.whole_input;
    if (piece.function) call.function = mergeInput(call.function ?? {}, piece.function, "arguments");
    if (piece.custom) call.custom = mergeInput(call.custom ?? {}, piece.custom, "input");
  }
  return known;
}

/** @param field the field whose text grows */
function mergeInput<Field extends string>(
  known: { name?: string } & { [field in Field]?: string },
  added: { name?: string } & { [field in Field]?: string },
  field: Field,
): typeof known {
  const fragment = added[field];
  return {
    ...known,
    ...(added.name ? { name: added.name } : {}),
    ...(fragment ? { [field]: `${known[field] ?? ""}${fragment}` } : {}),
  };
}

function mergeAudio(known: AudioDelta, added: AudioDelta): AudioDelta {
  for (const [key, value] of Object.entries(added)) {
    const earlier = readOwnField(known, key);
    if (typeof value !== "string" || typeof earlier !== "string") known[key] = mergeField(earlier, value);
    else if (key === "data") known.data = joinBase64([earlier, value]);
    else known[key] = key === "transcript" ? `${earlier}${value}` : value;
  }
  return known;
}

/**
 * Joins pieces of base64. Some services cut one base64 text into pieces, which are joined as text. Others encode and
 * pad each piece by itself; those are joined as bytes.
 */
export function joinBase64(pieces: readonly string[]): string {
  const parts = pieces.filter((piece) => piece !== "");
  if (parts.slice(0, -1).every((part) => !part.endsWith("="))) return parts.join("");
  return Buffer.concat(parts.map((part) => Buffer.from(part, "base64"))).toString("base64");
}
