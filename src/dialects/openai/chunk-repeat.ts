import { type Chunk, DELTA_TEXTS, type DeltaText } from "../../core/chat/chunk.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { getAnswerText, isRichChoice, sendPiece, toChunkKind } from "../chunk-kind.js";
import type { DecoderSink } from "../dialect.js";
import { Probes } from "../template/blueprint.js";
import type { Repeat } from "../template/repeat.js";
import { getOnlyObject } from "../wire-values.js";
import { type ChunkNormaliser, type NormalisedChunk, PADDING_FIELDS } from "./chunk-normaliser.js";
import { REASONING_NAME } from "./reasoning.js";
import { isChoice } from "./wire-chunk.js";

/** Names of the strings in a delta that differ from record to record, beside those of reasoning. */
const TEXT_NAME = /^(?:content|text|refusal|arguments|input|summary|value|transcript)$/;

/** How deeply the texts of a delta may nest. */
const MAX_DEPTH = 6;

type Fields = Record<string, unknown>;

/**
 * Finds out how to read the records that repeat a record of Chat Completions. The record is read once more with probes in
 * place of its texts, which shows where each text goes to.
 * @param data the text of a record that was read
 * @returns undefined if no record is likely to repeat this one
 */
export function createChunkRepeat(
  data: string,
  normaliser: ChunkNormaliser,
  sink: DecoderSink,
): Repeat | undefined {
  const record = tryParseJson(data);
  const choice = isObject(record) ? getOnlyObject(record["choices"]) : undefined;
  if (!isObject(record) || !choice || Probes.areIn(record)) return undefined;
  // The number of the next token is another one.
  if (typeof choice["logprobs"] === "number") return undefined;
  const probes = new Probes();
  placeTexts(probes, choice);
  placeLogprobs(probes, choice["logprobs"]);
  if (probes.texts.length === 0) return undefined;
  const latest = listCounts(record);
  const again = readAgain(record, normaliser);
  if (again?.chunk.choices.length !== 1 || again.chunk.choices[0]!.finish_reason !== null) return undefined;
  const places = {
    texts: [...probes.texts],
    values: [...probes.values],
    ignored: [...normaliser.settledFields, ...PADDING_FIELDS].map((field) => `/${field}`),
  };
  if (again.kind === "rich") {
    const apply = createRichApply(again.chunk, probes, normaliser, sink);
    return apply && { ...places, apply };
  }
  const build = probes.createBlueprint(again.text);
  if (again.kind !== "text" || !build) return undefined;
  const apply: Repeat["apply"] = (texts, values) => sink.onText(build(texts, values));
  if (latest.length === 0 || normaliser.hasFinished) return { ...places, apply };
  return { ...places, apply, latest, settle: (last) => settleCounts(last, normaliser, sink) };
}

/** Reads a record once more. It is changed in place. */
function readAgain(record: Fields, normaliser: ChunkNormaliser): NormalisedChunk | undefined {
  const { choices } = record;
  if (!Array.isArray(choices) || !choices.every(isChoice)) return undefined;
  return normaliser.normalise(record, choices, false);
}

/** Creates what passes on a repeated record that has more than text. */
function createRichApply(
  chunk: Chunk,
  probes: Probes,
  normaliser: ChunkNormaliser,
  sink: DecoderSink,
): Repeat["apply"] | undefined {
  const hasCalls = chunk.choices[0]!.delta.tool_calls !== undefined;
  const build = probes.createBlueprint(chunk);
  if (!build || (hasCalls && normaliser.hasOwnCalls)) return undefined;
  const field = findOnlyPiece(chunk, probes);
  if (field) {
    return (texts, values) => sendPiece(sink, build(texts, values), field, texts[0]!);
  }
  if (!hasCalls) {
    return (texts, values) => {
      const next = build(texts, values);
      sink.onChunk(next, "rich", getAnswerText(next));
    };
  }
  return (texts, values) => {
    const next = build(texts, values);
    const { index, delta } = next.choices[0]!;
    const calls = normaliser.getTracker(index).normalise(delta.tool_calls!);
    if (calls.length > 0) delta.tool_calls = calls;
    else delete delta.tool_calls;
    const text = getAnswerText(next);
    sink.onChunk(next, toChunkKind(next.choices.some(isRichChoice), text), text);
  };
}

/** @returns the text that a chunk with probes has a piece of, if nothing else of it can be new */
function findOnlyPiece(chunk: Chunk, probes: Probes): DeltaText | undefined {
  const { choices, ...fields } = chunk;
  const { index, delta, finish_reason: _reason, logprobs: _logprobs, ...others } = choices[0]!;
  const [field, ...rest] = Object.keys(delta);
  const isOnly =
    index === 0 &&
    rest.length === 0 &&
    probes.texts.length === 1 &&
    Object.keys(others).length === 0 &&
    // A list or an object may be merged with the one before.
    Object.values(fields).every((value) => typeof value !== "object" || value === null);
  return isOnly ? DELTA_TEXTS.find((name) => name === field) : undefined;
}

/** Passes on the counts of the last record. Its text was passed on before. */
function settleCounts(record: Fields, normaliser: ChunkNormaliser, sink: DecoderSink): void {
  const choice = getOnlyObject(record["choices"]);
  if (choice) Object.assign(choice, { delta: {}, text: undefined });
  const again = readAgain(record, normaliser);
  if (again) sink.onChunk(again.chunk, "silent", "");
}

/** Puts probes in place of the texts of a choice. */
function placeTexts(probes: Probes, choice: Fields): void {
  const place = (holder: Fields | unknown[], pointer: string, depth: number) => {
    for (const [key, value] of Object.entries(holder)) {
      const at = `${pointer}/${key}`;
      if (typeof value === "string") {
        const isText = value !== "" && (TEXT_NAME.test(key) || REASONING_NAME.test(key));
        if (isText) (holder as Fields)[key] = probes.createText(at);
      } else if (typeof value === "object" && value !== null && depth > 0) {
        place(value as Fields | unknown[], at, depth - 1);
      }
    }
  };
  const { delta, text } = choice;
  if (isObject(delta)) place(delta, "/choices/0/delta", MAX_DEPTH);
  if (typeof text === "string" && text !== "") choice["text"] = probes.createText("/choices/0/text");
}

/** Puts probes in place of the lists of token probabilities. */
function placeLogprobs(probes: Probes, logprobs: unknown): void {
  if (!isObject(logprobs)) return;
  for (const key of ["content", "refusal"]) {
    const list = logprobs[key];
    if (Array.isArray(list) && list.length > 0) {
      logprobs[key] = probes.createList(`/choices/0/logprobs/${key}`);
    }
  }
}

/** Lists the places of counts. The last record has the ones that are valid. */
function listCounts({ usage, timings }: Fields): string[] {
  const places = isObject(timings) ? ["/timings"] : [];
  // The prompt's count stays the same. Without it, the usage may be a placeholder, which has nothing but zeros.
  if (!isObject(usage) || !usage["prompt_tokens"]) return places;
  const varying = Object.keys(usage).filter((key) => key !== "prompt_tokens");
  return [...places, ...varying.map((key) => `/usage/${key}`)];
}
