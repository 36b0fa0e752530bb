import type { Chunk } from "../../core/chat/chunk.js";
import { readChunk } from "../../core/chat/chunk-guard.js";
import type { Failure, FailureData } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { replaceTags } from "../messages/ask-tags.js";
import { copyParts, inheritProperties } from "../messages/inherited-properties.js";
import { readFailure, type StreamMessage, writeRestarts } from "../messages/stream-message.js";
import type { Message, Parts } from "../red/api.js";
import type { RunRecord } from "./record.js";

/** How a run ends that does not end by its stream. */
export type RunOutcome = Failure | "cancelled";

/** Puts a message in its place of the reader's stream. The message belongs to this node. */
export function placeMessage(record: RunRecord, message: StreamMessage): Message {
  const placed = replaceTags(message, record.outerTags);
  const { parts } = placed;
  parts.id = record.stream ?? record.key;
  parts.index = record.nextIndex++;
  writeRestarts(parts, record.restarts);
  return placed;
}

/** @returns a message of the run's own, with the properties that ride along; it has no place yet */
export function createRunMessage({ base, stream }: RunRecord, payload: string): StreamMessage {
  const outer = stream === undefined ? base.parts : base.parts?.parts;
  const parts: Parts = { id: "", index: 0, type: "string", ch: "" };
  return {
    ...inheritProperties(base),
    payload,
    parts: outer ? { ...parts, parts: copyParts(outer)! } : parts,
  };
}

/**
 * Composes the one last message of a run.
 * @param outcome undefined if it is that of the last turn
 * @param text all the text that the reader has
 * @param now milliseconds of a monotonic clock
 */
export function composeLast(
  record: RunRecord,
  outcome: RunOutcome | undefined,
  text: string,
  now: number,
): Message {
  const last = placeMessage(record, outcome ? createEnding(record, outcome) : record.last!);
  last.parts!.count = record.nextIndex;
  const failure = readFailure(last);
  if (failure) last.error = { ...failure, partial: text } satisfies FailureData;
  if (outcome && record.request) last.request = record.request;
  last["rounds"] = record.rounds;
  last["cost"] = record.cost.value;
  if (outcome || record.rounds.length > 1) last.stats = record.stats.toStats(now, record.attempts);
  if (isObject(last.stats)) last.stats = { ...last.stats, rounds: record.rounds.length };
  return last;
}

/** @returns a last message for a run that does not end by its stream, made of the one that is held, if there is one */
function createEnding(record: RunRecord, outcome: RunOutcome): StreamMessage {
  const failure = outcome === "cancelled" ? undefined : outcome;
  const finishReason = failure ? "error" : "cancelled";
  const { error: _, ...held } = record.last ?? createRunMessage(record, "");
  const ending: StreamMessage = { ...held, parts: { ...held.parts }, complete: true, finishReason };
  ending.usage ??= null;
  if (failure) ending.error = failure.toJSON();
  const closing = readChunk(ending.chunk);
  if (closing) ending.chunk = omitFinishReasons(closing);
  return ending;
}

function omitFinishReasons(chunk: Chunk): Chunk {
  return { ...chunk, choices: chunk.choices.map((choice) => ({ ...choice, finish_reason: null })) };
}
