import type { Chunk } from "../../core/chat/chunk.js";
import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import type { Decoder } from "../../dialects/dialect.js";
import { ChatRun } from "../chat-run.js";
import type {
  ChatObserver,
  ChatProgress,
  ChatResult,
  ChatSetup,
  ReadRecords,
  RecordWatcher,
  ResumePoint,
  StartedRun,
} from "../chat-types.js";
import { fetchJson } from "../fetch-json.js";
import { RecordLog } from "./record-log.js";

/** How long the request that stops an answer at its service may take. */
const CANCEL_TIMEOUT_MS = 10_000;

/** Matches the number of a record. Inside a text, the quotes are escaped. */
const SEQUENCE_NUMBER = /"sequence_number":\s*(\d+)/;

/** Matches the record that ends an answer, whatever the end. */
const END_RECORD = /"type":\s*"(?:response\.(?:completed|incomplete|failed|cancelled|done)|error)"/;

/** Failures by which a service shows that it cannot go on at a cursor. It may still stream the answer as a whole. */
const REFUSES_CURSOR: ReadonlySet<string> = new Set(["invalid_request", "bad_response"]);

const LOST_PLACE =
  "The service sent the whole answer again, and it is not known how much of it the reader already has.";

/**
 * A stream of an answer that its service keeps. If the connection breaks, the result says where a later run can take the
 * stream up again. That run asks the service to go on behind the latest record, and reads what came before it from its own
 * log. If there is no log, or if the service does not go on there, it reads the answer from its beginning. In both cases
 * it passes on only what the reader does not have.
 */
export class BackgroundRun implements RecordWatcher, StartedRun {
  private run: ChatRun;
  private id: string;
  private log!: RecordLog;
  /** Number of the latest record; -1 before the first one. */
  private latestNumber!: number;
  /** The record that came last, and the number before it. It is logged once it is known that it could be read. */
  private unsettled: { data: string; before: number } | undefined;
  /** Whether the service was asked to go on behind `latestNumber`, and the record with the next number has not come. */
  private isAtCursor!: boolean;
  /** Whether the numbers count up, so that they name a place in the stream. */
  private isCounted!: boolean;
  private hasEndRecord!: boolean;
  private hasLostPlace = false;
  /** Whether the reader already has what the current records say. */
  private isReplaying: boolean;
  private replayedChars = 0;
  private replayedChunks = 0;

  constructor(
    private readonly setup: ChatSetup,
    private readonly observer: ChatObserver,
  ) {
    const { resume } = setup;
    this.id = resume?.id ?? "";
    this.isReplaying = resume !== undefined;
    const isKnown = resume?.read && resume.read.latest <= resume.after;
    this.run = this.start(isKnown ? resume.read : undefined);
  }

  /** Ends the stream, and stops the answer at its service. */
  cancel(): void {
    this.run.cancel();
  }

  readProgress(): ChatProgress {
    const progress = this.run.readProgress();
    return { ...progress, chunks: this.isReplaying ? 0 : progress.chunks - this.replayedChunks };
  }

  onRecord(data: string, isCut: boolean, decoder: Decoder): void {
    if (isCut && tryParseJson(data) === undefined) return;
    const found = SEQUENCE_NUMBER.exec(data)?.[1];
    const number = found === undefined ? undefined : Number(found);
    if (this.isAtCursor && number !== undefined) {
      if (number !== this.latestNumber + 1) {
        this.readFromBeginning();
        return;
      }
      this.replayLog(decoder);
    }
    if (this.unsettled) this.log.add(this.unsettled.data);
    this.unsettled = { data, before: this.latestNumber };
    if (this.id === "") this.id = readResponseId(data);
    this.hasEndRecord = END_RECORD.test(data);
    if (number === undefined) return;
    if (number <= this.latestNumber) this.isCounted = false;
    this.latestNumber = number;
    if (this.isReplaying && number > this.setup.resume!.after) this.endReplay();
  }

  /** The service answers with the whole answer. What the log has of it is read first, so that only the rest is new. */
  onWhole(decoder: Decoder): void {
    if (!this.isReplaying) return;
    this.hasLostPlace = !this.isAtCursor || this.latestNumber < this.setup.resume!.after;
    if (this.hasLostPlace) return;
    this.replayLog(decoder);
    this.endReplay();
  }

  /** See `RecordWatcher`. The failure shows whether the last record could be read. */
  canResumeAfter(failure: Failure): boolean {
    this.settleRecord(failure);
    return this.findResumePoint(failure) !== undefined;
  }

  /** @param read what earlier runs have read; without it, the answer is read from its beginning */
  private start(read: ReadRecords | undefined): ChatRun {
    const { resume } = this.setup;
    this.log = new RecordLog(read);
    this.latestNumber = read?.latest ?? -1;
    this.isAtCursor = read !== undefined;
    this.isCounted = true;
    this.hasEndRecord = false;
    const point = resume && { id: resume.id, after: resume.after, ...(read ? { read } : {}) };
    const run: ChatRun = new ChatRun(
      { ...this.setup, resume: point, watcher: this },
      {
        onText: (text) => {
          if (this.isReplaying) this.skip(text);
          else this.observer.onText(text);
        },
        onChunk: (chunk: Chunk, text) => {
          if (this.isReplaying) this.skip(text);
          else this.observer.onChunk(chunk, text);
        },
        onReadEnd: () => this.observer.onReadEnd?.(),
        onEnd: (result) => {
          if (this.run === run) this.end(result);
        },
      },
    );
    return run;
  }

  /** Starts over from the first record, because the service does not go on at the cursor. Nothing was replayed so far. */
  private readFromBeginning(): void {
    const { run } = this;
    this.unsettled = undefined;
    this.run = this.start(undefined);
    run.cancel();
  }

  private replayLog(decoder: Decoder): void {
    this.isAtCursor = false;
    for (const record of this.log.read(this.latestNumber)?.records ?? []) decoder.decode(record);
  }

  private endReplay(): void {
    this.isReplaying = false;
    this.replayedChunks = this.run.readProgress().chunks;
  }

  private skip(text: string): void {
    this.replayedChars += text.length;
    this.observer.onReplay?.(text);
  }

  private end(result: ChatResult): void {
    const { failure } = result;
    if (failure) this.settleRecord(failure);
    if (this.isAtCursor && failure && !failure.retryable && REFUSES_CURSOR.has(failure.code)) {
      this.readFromBeginning();
      return;
    }
    const resume = failure && this.findResumePoint(failure);
    if (resume) result.resume = resume;
    else if (result.outcome !== "complete" && !this.hasEndRecord && this.id !== "") {
      stopAtService(this.setup, this.id);
    }
    this.subtractReplayed(result);
    this.observer.onEnd(result);
  }

  private subtractReplayed(result: ChatResult): void {
    const { stats, failure } = result;
    const replayedChunks = this.isReplaying ? stats.chunks : this.replayedChunks;
    const chunks = stats.chunks - replayedChunks;
    const characters = Math.max(0, stats.characters - this.replayedChars);
    result.stats = { ...stats, chunks, characters };
    if (this.hasLostPlace) {
      const details = { provider: this.setup.provider.id, phase: "streaming", retryable: false } as const;
      const lost = new Failure("bad_response", LOST_PLACE, details);
      Object.assign(result, { outcome: "failed", finishReason: "error", failure: lost });
    } else if (failure) {
      const { code, message, cause } = failure;
      const partial = failure.partial.slice(this.replayedChars);
      result.failure = new Failure(code, message, { ...failure.toJSON(), cause, partial });
    }
  }

  /** Decides by the failure whether the last record was read. A later run reads a broken one again. */
  private settleRecord({ code }: Failure): void {
    const { unsettled } = this;
    this.unsettled = undefined;
    if (!unsettled) return;
    if (code === "bad_response" && tryParseJson(unsettled.data) === undefined)
      this.latestNumber = unsettled.before;
    else this.log.add(unsettled.data);
  }

  private findResumePoint(failure: Failure): ResumePoint | undefined {
    if (!failure.retryable || this.hasEndRecord || !this.isCounted || this.id === "") return undefined;
    const after = Math.max(this.latestNumber, this.setup.resume?.after ?? -1);
    if (after < 0) return undefined;
    // A service that fails at the cursor may not fail at the beginning.
    const mayHaveCursor = this.latestNumber >= 0 && !(this.isAtCursor && failure.code === "server_error");
    const read = mayHaveCursor ? this.log.read(this.latestNumber) : undefined;
    return { id: this.id, after, ...(read ? { read } : {}) };
  }
}

/** The service that keeps an answer, and how to reach it. */
export type AnswerService = Pick<
  ChatSetup,
  "provider" | "endpoint" | "dispatcher" | "clock" | "limits" | "holdWork"
>;

/** Stops an answer at its service, which would otherwise go on generating and billing. Never throws. */
export function stopAtService(service: AnswerService, id: string): void {
  const { provider, endpoint, dispatcher, clock, limits } = service;
  const request = provider.background?.buildCancelRequest(id, endpoint);
  if (!request) return;
  const options = { dispatcher, clock, limits, timeout: CANCEL_TIMEOUT_MS };
  // An answer that has ended cannot be stopped, which is no error.
  const stopped = fetchJson(provider, request, options).then(
    () => {},
    () => {},
  );
  service.holdWork?.(stopped);
}

function readResponseId(data: string): string {
  const record = tryParseJson(data);
  const response = isObject(record) ? record["response"] : undefined;
  return isObject(response) && typeof response["id"] === "string" ? response["id"] : "";
}
