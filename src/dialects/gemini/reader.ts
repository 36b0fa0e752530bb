import type { Chunk, ChunkChoice, Delta, Usage } from "../../core/chat/chunk.js";
import { buildFinishFields, readFinishFault } from "../../core/chat/finish-reason.js";
import { mergeDuplicateChoices } from "../../core/chat/merge.js";
import { toExcerpt } from "../../core/errors/error-body.js";
import { Failure } from "../../core/failure.js";
import { ENTRY_BYTES, estimateTextBytes } from "../../core/json/heap-size.js";
import { isObject } from "../../core/json/parse.js";
import { isRichChoice, toChunkKind } from "../chunk-kind.js";
import type { DecoderSink, ForeignDialect, ForeignReader, ReaderOptions } from "../dialect.js";
import type { Repeat } from "../template/repeat.js";
import { toUnixSeconds } from "../wire-values.js";
import { readGeminiAnnotations, readGeminiLogprobs, readGeminiUsage } from "./metadata.js";
import { GeminiPartReader } from "./parts.js";
import { readTextRecord, type TextRecord } from "./text-record.js";

/** The finish reason of a candidate that has not ended. */
const UNSPECIFIED = "FINISH_REASON_UNSPECIFIED";

/**
 * The records of Gemini's `streamGenerateContent` (Gemini API reference, "GenerateContentResponse"), as server-sent
 * events or as elements of an array. They have no end marker: the finish reason and the end of the connection end the
 * answer.
 */
export const GEMINI: ForeignDialect = {
  label: "Gemini",
  canRead: (record) =>
    Array.isArray(record["candidates"]) ||
    isObject(record["promptFeedback"]) ||
    isObject(record["usageMetadata"]),
  createReader: (sink, options) => new GeminiReader(sink, options),
};

class GeminiReader implements ForeignReader {
  private readonly partReaders = new Map<number, GeminiPartReader>();
  /** Candidate and URL of each source that was passed on. */
  private readonly sources = new Set<string>();
  private id = "";
  private model = "";
  private created = 0;
  /** Whether a candidate has had a finish reason. */
  private hasFinished = false;

  constructor(
    private readonly sink: DecoderSink,
    private readonly options: ReaderOptions,
  ) {}

  read(record: Record<string, unknown>): Repeat | undefined {
    const textRecord = this.options.everyChunk ? undefined : readTextRecord(record);
    const {
      candidates,
      usageMetadata,
      modelVersion,
      responseId,
      createTime,
      usage: _usage,
      ...extras
    } = record;
    const isIdentified = this.id !== "" && this.model !== "";
    if (typeof responseId === "string") this.id ||= responseId;
    if (typeof modelVersion === "string") this.model ||= modelVersion;
    this.created ||= toUnixSeconds(createTime);
    const list = Array.isArray(candidates) ? candidates.filter(isObject) : [];
    const choices = mergeDuplicateChoices(
      list.map((candidate, position) => this.buildChoice(candidate, position)),
      this.options.indices,
    );
    const usage = readGeminiUsage(usageMetadata);
    const text = choices.find(({ index }) => index === 0)?.delta.content ?? "";
    const isPlain =
      isIdentified && !usage && choices.length === 1 && hasOnlyDelta(choices[0]!) && isEmpty(extras);
    if (isPlain && text !== "" && !this.options.everyChunk) this.sink.onText(text);
    else {
      const chunk = this.buildChunk(choices, usage, extras);
      this.sink.onChunk(chunk, toChunkKind(choices.some(isRichChoice), text), text);
    }
    checkPromptFeedback(record["promptFeedback"]);
    checkFinishReason(list.find((candidate, position) => this.readIndex(candidate, position) === 0));
    return textRecord && this.buildRepeat(textRecord);
  }

  /** The next part has its own finish reason and counts. */
  continueAnswer(): void {
    this.hasFinished = false;
  }

  private buildChunk(choices: ChunkChoice[], usage: Usage | undefined, extras: object = {}): Chunk {
    const { id, created, model } = this;
    const chunk: Chunk = { ...extras, id, object: "chat.completion.chunk", created, model, choices };
    if (usage) chunk.usage = usage;
    return chunk;
  }

  /** Builds the repetition of a record with one text. The counts of a text of the answer are read only at the end. */
  private buildRepeat({
    place,
    field,
    index,
    hasUsage,
    hasLogprobs,
    hasExtras,
  }: TextRecord): Repeat | undefined {
    const { id, model, created, sink } = this;
    const ignored = [id && "/responseId", model && "/modelVersion", created && "/createTime"].filter(
      (name) => typeof name === "string" && name !== "",
    ) as string[];
    if (field === "content" && index === 0 && !hasLogprobs) {
      const repeat: Repeat = { texts: [place], ignored, apply: (texts) => sink.onText(texts[0]!) };
      if (!hasUsage || this.hasFinished) return repeat;
      return { ...repeat, latest: ["/usageMetadata"], settle: (last) => this.settleUsage(last) };
    }
    if (hasExtras) return undefined;
    const values = [hasUsage && "/usageMetadata", hasLogprobs && "/candidates/0/logprobsResult"];
    return {
      texts: [place],
      values: values.filter((name) => name !== false),
      ignored,
      apply: ([text], list) => {
        const logprobs = hasLogprobs ? readGeminiLogprobs(list.at(-1)) : undefined;
        const choice: ChunkChoice = { index, delta: { [field]: text }, finish_reason: null };
        if (logprobs) choice.logprobs = logprobs;
        const answer = index === 0 ? (choice.delta.content ?? "") : "";
        const chunk = this.buildChunk([choice], hasUsage ? readGeminiUsage(list[0]) : undefined);
        sink.onChunk(chunk, toChunkKind(isRichChoice(choice), answer), answer);
      },
    };
  }

  /** Passes on the counts of a record whose text was passed on before. */
  private settleUsage(record: Record<string, unknown>): void {
    const usage = readGeminiUsage(record["usageMetadata"]);
    const choice: ChunkChoice = { index: 0, delta: {}, finish_reason: null };
    if (usage) this.sink.onChunk(this.buildChunk([choice], usage), "silent", "");
  }

  private buildChoice(candidate: Record<string, unknown>, position: number): ChunkChoice {
    const {
      content,
      index: _index,
      finishReason,
      logprobsResult,
      logprobs: _logprobs,
      ...extras
    } = candidate;
    const index = this.readIndex(candidate, position);
    const parts = isObject(content) ? content["parts"] : undefined;
    const isFirst = !this.partReaders.has(index);
    const reader = this.getPartReader(index);
    const delta: Delta = isFirst ? { role: "assistant" } : {};
    Object.assign(delta, reader.read(Array.isArray(parts) ? parts : []));
    const reason = typeof finishReason === "string" && finishReason !== UNSPECIFIED ? finishReason : "";
    this.hasFinished ||= reason !== "";
    if (reason !== "") reader.closeCall(delta);
    const annotations = readGeminiAnnotations(candidate)
      .filter(({ url }) => this.addSource(`${index} ${url}`))
      .map(({ annotation }) => annotation);
    if (annotations.length > 0) delta.annotations = annotations;
    const logprobs = readGeminiLogprobs(logprobsResult);
    return {
      ...extras,
      index,
      delta,
      ...(reason === "" ? { finish_reason: null } : buildFinishFields(reason, reader.hasCalls)),
      ...(logprobs ? { logprobs } : {}),
    };
  }

  /** Reads the index of a candidate. Without one, its position in the list counts. */
  private readIndex({ index: wireIndex }: Record<string, unknown>, position: number): number {
    const index = wireIndex ?? position;
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0) {
      throw new Failure("bad_response", "The service sent a candidate with an impossible index.");
    }
    const { indices } = this.options;
    if (index < indices) return index;
    throw new Failure("limit", `The service sent a candidate beyond the limit of ${indices}.`);
  }

  private getPartReader(candidate: number): GeminiPartReader {
    let reader = this.partReaders.get(candidate);
    if (!reader) {
      reader = new GeminiPartReader(this.options.held);
      this.partReaders.set(candidate, reader);
    }
    return reader;
  }

  /** Remembers a source, because Gemini repeats all earlier ones each time. @returns whether it is new */
  private addSource(source: string): boolean {
    if (this.sources.has(source)) return false;
    this.options.held.add(ENTRY_BYTES + estimateTextBytes(source));
    this.sources.add(source);
    return true;
  }
}

/** Whether a choice has nothing but a delta with text. */
function hasOnlyDelta(choice: ChunkChoice): boolean {
  return choice.finish_reason === null && Object.keys(choice).length === 3 && !isRichChoice(choice);
}

function isEmpty(fields: object): boolean {
  return Object.keys(fields).length === 0;
}

/**
 * Checks Gemini's verdict on the prompt (Gemini API reference, "PromptFeedback").
 * @throws Failure `content_filter` if the prompt was blocked
 */
function checkPromptFeedback(feedback: unknown): void {
  const reason = isObject(feedback) ? feedback["blockReason"] : undefined;
  if (typeof reason !== "string" || reason === "" || reason === "BLOCK_REASON_UNSPECIFIED") return;
  const { blockReasonMessage: message } = feedback as Record<string, unknown>;
  const explanation = typeof message === "string" && message !== "" ? `: ${toExcerpt(message)}` : "";
  throw new Failure(
    "content_filter",
    `The service refused the prompt (${toExcerpt(reason)})${explanation}. Change the prompt, or its safetySettings in the options.`,
    { retryable: false },
  );
}

/** @throws Failure if the candidate's finish reason reports a fault, such as an unreadable tool call */
function checkFinishReason({ finishReason, finishMessage }: Record<string, unknown> = {}): void {
  const fault = typeof finishReason === "string" ? readFinishFault(finishReason) : undefined;
  if (!fault) return;
  const hasMessage = typeof finishMessage === "string" && finishMessage !== "";
  throw new Failure(fault.code, `${fault.message}${hasMessage ? `: ${toExcerpt(finishMessage)}` : "."}`, {
    retryable: fault.retryable,
  });
}
