import type { Chunk, ChunkChoice } from "../../core/chat/chunk.js";
import { buildFinishFields } from "../../core/chat/finish-reason.js";
import { mergeDuplicateChoices } from "../../core/chat/merge.js";
import { toExcerpt } from "../../core/errors/error-body.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { isRichChoice, toChunkKind } from "../chunk-kind.js";
import type { DecoderOptions, DecoderSink, ForeignDialect, ForeignReader } from "../dialect.js";
import { toUnixSeconds } from "../timestamp.js";
import { readGeminiAnnotations, readGeminiLogprobs, readGeminiUsage } from "./metadata.js";
import { GeminiPartReader } from "./parts.js";

/**
 * Finish reasons that are no end of an answer (Gemini API reference, "FinishReason"): what the model wrote cannot be
 * used. Asking again can help where it is the model that went wrong.
 */
const FAULTS: ReadonlyMap<unknown, { message: string; retryable: boolean }> = new Map([
  [
    "MALFORMED_FUNCTION_CALL",
    { message: "The model wrote a tool call that cannot be read", retryable: true },
  ],
  ["MALFORMED_RESPONSE", { message: "The model wrote an answer that cannot be read", retryable: true }],
  ["UNEXPECTED_TOOL_CALL", { message: "The model called a tool though none was offered", retryable: true }],
  ["TOO_MANY_TOOL_CALLS", { message: "The model called too many tools in a row", retryable: false }],
  [
    "MISSING_THOUGHT_SIGNATURE",
    { message: "A tool call in the conversation lacks the signature that came with it", retryable: false },
  ],
]);

/**
 * The records of Gemini's streamGenerateContent (Gemini API reference, "GenerateContentResponse"), as server-sent events
 * or as elements of an array. There is no end marker: the finish reason and the end of the connection are the end.
 */
export const GEMINI: ForeignDialect = {
  canRead: (record) =>
    Array.isArray(record["candidates"]) ||
    isObject(record["promptFeedback"]) ||
    isObject(record["usageMetadata"]),
  createReader: (sink, options) => new GeminiReader(sink, options),
};

class GeminiReader implements ForeignReader {
  private readonly parts = new Map<number, GeminiPartReader>();
  private readonly cited = new Set<string>();
  private id = "";
  private model = "";
  private created = 0;

  constructor(
    private readonly sink: DecoderSink,
    private readonly options: DecoderOptions,
  ) {}

  read(record: Record<string, unknown>): void {
    const {
      candidates,
      usageMetadata,
      modelVersion,
      responseId,
      createTime,
      usage: _usage,
      ...rest
    } = record;
    const known = this.id !== "" && this.model !== "";
    if (typeof responseId === "string") this.id ||= responseId;
    if (typeof modelVersion === "string") this.model ||= modelVersion;
    this.created ||= toUnixSeconds(createTime);
    const list = Array.isArray(candidates) ? candidates.filter(isObject) : [];
    const choices = mergeDuplicateChoices(
      list.map((candidate, at) => this.choice(candidate, at)),
      this.options.indices,
    );
    const usage = readGeminiUsage(usageMetadata);
    const text = choices.find(({ index }) => index === 0)?.delta.content ?? "";
    const plain = known && !usage && choices.length === 1 && isBare(choices[0]!) && isEmpty(rest);
    if (plain && text !== "" && !this.options.everyChunk) this.sink.onText(text);
    else {
      const chunk: Chunk = {
        ...rest,
        id: this.id,
        object: "chat.completion.chunk",
        created: this.created,
        model: this.model,
        choices,
      };
      if (usage) chunk.usage = usage;
      this.sink.onChunk(chunk, toChunkKind(choices.some(isRichChoice), text), text);
    }
    refuseBlocked(record["promptFeedback"]);
    refuseFaulty(list.find((candidate, at) => this.indexOf(candidate, at) === 0));
  }

  private choice(candidate: Record<string, unknown>, at: number): ChunkChoice {
    const {
      content,
      index: _index,
      finishReason,
      logprobsResult,
      logprobs: _logprobs,
      ...extras
    } = candidate;
    const number = this.indexOf(candidate, at);
    const parts = isObject(content) ? content["parts"] : undefined;
    const reader = this.partsOf(number);
    const delta = reader.read(Array.isArray(parts) ? parts : []);
    const reason = typeof finishReason === "string" && finishReason !== UNSPECIFIED ? finishReason : "";
    if (reason !== "") reader.closeCall(delta);
    const annotations = readGeminiAnnotations(candidate)
      .filter(({ url }) => this.isNew(`${number} ${url}`))
      .map(({ annotation }) => annotation);
    if (annotations.length > 0) delta.annotations = annotations;
    const logprobs = readGeminiLogprobs(logprobsResult);
    return {
      ...extras,
      index: number,
      delta,
      ...(reason === "" ? { finish_reason: null } : buildFinishFields(reason, reader.hasCalls)),
      ...(logprobs ? { logprobs } : {}),
    };
  }

  /** A candidate that does not say which it is, is the one at its place. */
  private indexOf({ index }: Record<string, unknown>, at: number): number {
    const number = index ?? at;
    if (typeof number !== "number" || !Number.isInteger(number) || number < 0) {
      throw new Failure("bad_response", "The service sent a candidate with an impossible index.");
    }
    const { indices } = this.options;
    if (number < indices) return number;
    throw new Failure("limit", `The service sent a candidate beyond the limit of ${indices}.`);
  }

  private partsOf(candidate: number): GeminiPartReader {
    let parts = this.parts.get(candidate);
    if (!parts) {
      parts = new GeminiPartReader();
      this.parts.set(candidate, parts);
    }
    return parts;
  }

  /** Sources come again and again, each time with all that were told before. */
  private isNew(source: string): boolean {
    if (this.cited.has(source)) return false;
    this.cited.add(source);
    return true;
  }
}

const UNSPECIFIED = "FINISH_REASON_UNSPECIFIED";

/** A choice with nothing but a delta. */
function isBare(choice: ChunkChoice): boolean {
  return choice.finish_reason === null && Object.keys(choice).length === 3 && !isRichChoice(choice);
}

function isEmpty(fields: object): boolean {
  return Object.keys(fields).length === 0;
}

/** A prompt that was refused has no candidates. */
function refuseBlocked(feedback: unknown): void {
  const reason = isObject(feedback) ? feedback["blockReason"] : undefined;
  if (typeof reason !== "string" || reason === "" || reason === "BLOCK_REASON_UNSPECIFIED") return;
  const { blockReasonMessage: said } = feedback as Record<string, unknown>;
  const why = typeof said === "string" && said !== "" ? `: ${toExcerpt(said)}` : "";
  throw new Failure(
    "content_filter",
    `The service refused the prompt (${toExcerpt(reason)})${why}. Change the prompt, or its safetySettings in the options.`,
    { retryable: false },
  );
}

function refuseFaulty(candidate: Record<string, unknown> | undefined): void {
  const fault = FAULTS.get(candidate?.["finishReason"]);
  if (!fault) return;
  const said = candidate!["finishMessage"];
  throw new Failure(
    "bad_response",
    `${fault.message}${typeof said === "string" && said !== "" ? `: ${toExcerpt(said)}` : "."}`,
    { retryable: fault.retryable },
  );
}
