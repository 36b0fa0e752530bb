import { toExcerpt } from "../../core/errors/error-body.js";
import { Failure, type FailureDetails } from "../../core/failure.js";
import { tryParseLooseJson } from "../../core/json/loose.js";
import { isObject, isWithinDepth, mayNestDeeper } from "../../core/json/parse.js";
import type {
  Decoder,
  DecoderOptions,
  DecoderSink,
  ForeignDialect,
  ForeignReader,
  ReaderOptions,
} from "../dialect.js";
import { describeMixture, findForeignDialect } from "../foreign-dialects.js";
import { HeldSize } from "../held-size.js";
import { isKeepAlive, isKeepAliveType } from "../keep-alive.js";
import { reportFailures } from "../report-failures.js";
import { readGroqError, readStreamError, readTextError, takeChoiceError } from "../stream-error.js";
import type { Repeat } from "../template/repeat.js";
import { Repeats } from "../template/repeats.js";
import { ChunkNormaliser, WRONG_SHAPE } from "./chunk-normaliser.js";
import { createChunkRepeat } from "./chunk-repeat.js";
import { isChoice, isUnknownDialect } from "./wire-chunk.js";

const END_MARKER = "[DONE]";

const NOT_JSON =
  "A record of the stream is not JSON, so text may be missing. If this service is known for stray records, tick “Skip broken records” in its provider.";

/** A text in place of an answer. A shorter one may be the name of a field that was cut off. */
const PLAIN_TEXT = /^[\p{L}\d].{5}/su;

/** How much of such a text an error quotes. */
const MAX_QUOTED_CHARS = 200;

const MARKUP = "The service answered with markup, such as a web page, instead of JSON. Check the base URL.";

/**
 * Decodes a stream of Chat Completions (OpenAI API reference, "chat.completion.chunk") in all the variants that services
 * really send. Records in the form of another dialect go to a reader of that dialect.
 */
export class OpenAiDecoder implements Decoder {
  private readonly normaliser: ChunkNormaliser;
  /** Undefined if every record is to be read in full. */
  private readonly repeats: Repeats | undefined;
  /** Finds out how to read the records that repeat the current one. */
  private findRepeat: (() => Repeat | undefined) | undefined;
  /** Whether the current record is a part of the answer, and no stray one. */
  private isPart = false;
  /** The form of the stream, if it is another one than Chat Completions. */
  private dialect: ForeignDialect | undefined;
  private foreignReader: ForeignReader | undefined;
  private readonly options: ReaderOptions;

  constructor(
    private readonly sink: DecoderSink,
    options: DecoderOptions,
  ) {
    this.options = { ...options, held: options.held ?? new HeldSize() };
    this.normaliser = new ChunkNormaliser(this.options);
    if (!options.everyChunk) this.repeats = new Repeats(options.depth);
  }

  decode(data: string, event?: string, isCut = false): void {
    if (event !== "error" && this.decodeRepeat(data, 0, data.length)) return;
    const content = data.trim();
    if (content.startsWith(END_MARKER)) this.end();
    // Blank data is not a record. Neither is a keep-alive comment, which a gateway may forward as data.
    else if (content !== "" && !content.startsWith(":")) {
      this.settle();
      this.isPart = false;
      this.decodeRecord(content, event, isCut);
      if (this.isPart) this.repeats?.learn(data, this.findRepeat);
      // It would keep the record in memory, and with it everything that was read from the socket at once.
      this.findRepeat = undefined;
    }
  }

  decodeRepeat(text: string, start: number, end: number): boolean {
    try {
      return this.repeats?.read(text, start, end) === true;
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      if (this.foreignReader) this.reportFailure(thrown);
      else this.reportRecord(thrown);
      return true;
    }
  }

  flush(): void {
    this.settle();
    reportFailures(this.reportFailure, () => {
      for (const chunk of this.normaliser.flush()) this.sink.onChunk(chunk, "rich", "");
      this.sink.flush?.();
    });
  }

  continueAnswer(): void {
    this.repeats?.forget();
    this.foreignReader?.continueAnswer?.();
  }

  /** Passes on what the repeated records left open. */
  private settle(): void {
    reportFailures(this.reportFailure, () => this.repeats?.settle());
  }

  /** Ends the stream at its end marker. */
  private end(): void {
    const reader = this.foreignReader;
    if (reader?.readMarker) {
      reportFailures(this.reportFailure, () => reader.readMarker!());
      return;
    }
    this.flush();
    this.sink.onMarker();
  }

  private decodeRecord(data: string, event: string | undefined, isCut: boolean): void {
    const record = tryParseLooseJson(data);
    if (!isObject(record) && event !== "error" && isKeepAlive(data, record, event)) return;
    if (record === undefined) {
      this.handleMalformed(data, event, isCut);
      return;
    }
    const { depth } = this.options;
    if (mayNestDeeper(data, depth) && !isWithinDepth(record, depth)) {
      this.sink.onFailure(new Failure("limit", `The service sent JSON nested deeper than ${depth} levels.`));
      return;
    }
    const { now } = this.options;
    const failure =
      readStreamError(record, event, now) ?? takeChoiceError(record, now) ?? readGroqError(record, now);
    if (failure) {
      // OpenRouter sends choices and usage together with the error. They are kept, and the error ends the stream.
      if (isObject(record)) {
        delete record["error"];
        if (Array.isArray(record["choices"])) this.handleChunk(data, record);
        else if (Array.isArray(record["candidates"])) this.readForeign(record, event);
      }
      this.findRepeat = undefined;
      this.sink.onFailure(failure);
    } else if (!isObject(record)) this.rejectRecord(WRONG_SHAPE);
    else if (this.rejectMixture(record)) return;
    else if (record["choices"] === undefined && this.readForeign(record, event)) return;
    else this.handleChunk(data, record);
  }

  /** Rejects a record in another form than the stream. @returns whether it was one */
  private rejectMixture(record: Record<string, unknown>): boolean {
    if (!this.dialect && !this.normaliser.sawAnswer) return false;
    const message = describeMixture(this.dialect, record);
    if (message !== undefined) this.rejectRecord(message);
    return message !== undefined;
  }

  /** Reads a record of another dialect. @returns whether it was one */
  private readForeign(record: Record<string, unknown>, event: string | undefined): boolean {
    const { sink, options } = this;
    this.dialect ??= findForeignDialect(record);
    this.foreignReader ??= this.dialect?.createReader(sink, options);
    if (this.foreignReader) {
      this.isPart = true;
      reportFailures(this.reportFailure, () => {
        const repeat = this.foreignReader!.read(record, event);
        if (repeat) this.findRepeat = () => repeat;
      });
      return true;
    }
    if (!isUnknownDialect(record)) return false;
    if (!isKeepAliveType(record["type"])) sink.onSkipped();
    return true;
  }

  /**
   * Handles data that is not JSON. If a gateway inserts an error before an event is complete, the data has two records,
   * one on each line.
   */
  private handleMalformed(data: string, event: string | undefined, isCut: boolean): void {
    const lines = data.split("\n");
    if (lines.length > 1 && lines.some((line) => tryParseLooseJson(line) !== undefined)) {
      for (const line of lines) this.decode(line, event, isCut);
      return;
    }
    if (data.startsWith("<")) {
      this.rejectRecord(MARKUP);
      return;
    }
    const { sawAnswer } = this.normaliser;
    // Only a text that is the whole body is quoted: a record of a stream may hold anything.
    const isText = isCut && !sawAnswer && !this.dialect && PLAIN_TEXT.test(data);
    // The connection ended inside this record. That is reported when the end of the answer is missing.
    if (isCut && !isText) return;
    if (event === "error") this.sink.onFailure(readStreamError(data, event, this.options.now)!);
    else {
      const failure = sawAnswer ? undefined : readTextError(data);
      if (failure && !this.options.tolerant) this.sink.onFailure(failure);
      else this.rejectRecord(isText ? describeText(data) : NOT_JSON, { retryable: true });
    }
  }

  private readonly reportFailure = (failure: Failure): void => this.sink.onFailure(failure);

  private readonly reportRecord = (failure: Failure): void => {
    if (failure.code === "bad_response") this.sink.onBadRecord(failure);
    else this.sink.onFailure(failure);
  };

  /** Reports that a record cannot be used; a tolerant decoder skips it. */
  private rejectRecord(message: string, details: FailureDetails = {}): void {
    if (this.options.tolerant) this.sink.onSkipped();
    else this.sink.onBadRecord(new Failure("bad_response", message, details));
  }

  private handleChunk(data: string, record: Record<string, unknown>): void {
    const choices = record["choices"] ?? [];
    if (!Array.isArray(choices) || !choices.every(isChoice)) {
      this.rejectRecord(WRONG_SHAPE);
      return;
    }
    this.isPart = true;
    reportFailures(this.reportRecord, () => {
      const { chunk, kind, text } = this.normaliser.normalise(record, choices);
      this.sink.onChunk(chunk, kind, text);
      if (kind !== "silent") this.findRepeat = () => createChunkRepeat(data, this.normaliser, this.sink);
    });
  }
}

/** @param text what a gateway sent in place of an answer */
function describeText(text: string): string {
  const quoted = toExcerpt(text, MAX_QUOTED_CHARS);
  return `The service sent “${quoted}” instead of a stream or JSON. Check the base URL.`;
}
