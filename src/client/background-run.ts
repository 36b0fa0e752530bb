import type { Chunk } from "../core/chat/chunk.js";
import { Failure } from "../core/failure.js";
import { isObject, tryParseJson } from "../core/json/parse.js";
import { ChatRun } from "./chat-run.js";
import type {
  ChatObserver,
  ChatProgress,
  ChatResult,
  ChatSetup,
  ResumePoint,
  StartedRun,
} from "./chat-types.js";
import { fetchJson } from "./fetch-json.js";

/** How long the request that stops an answer at its service may take. */
const CANCEL_TIMEOUT_MS = 10_000;

/** Matches the number of a record. Inside a text, the quotes are escaped. */
const SEQUENCE_NUMBER = /"sequence_number":\s*(\d+)/;

/** Matches the record that ends an answer, whatever the end. */
const END_RECORD = /"type":\s*"(?:response\.(?:completed|incomplete|failed|cancelled|done)|error)"/;

/**
 * A stream of an answer that its service keeps. If the connection breaks, the result says where a later run can take the
 * stream up again. That run reads the answer from its beginning, and passes on what the reader does not have.
 */
export class BackgroundRun implements ChatObserver, StartedRun {
  private readonly run: ChatRun;
  private id: string;
  /** Number of the latest record; -1 before the first one. */
  private latest = -1;
  /** Whether the numbers count up, so that they name a place in the stream. */
  private isCounted = true;
  private hasEndRecord = false;
  /** Whether the records are ones that the reader has. */
  private isReplaying: boolean;
  private replayedChars = 0;
  private replayedChunks = 0;

  constructor(
    private readonly setup: ChatSetup,
    private readonly observer: ChatObserver,
  ) {
    this.id = setup.resume?.id ?? "";
    this.isReplaying = setup.resume !== undefined;
    this.run = new ChatRun({ ...setup, watchRecord: (data, isCut) => this.noteRecord(data, isCut) }, this);
  }

  /** Ends the stream, and stops the answer at its service. */
  cancel(): void {
    this.run.cancel();
  }

  readProgress(): ChatProgress {
    const progress = this.run.readProgress();
    return { ...progress, chunks: Math.max(0, progress.chunks - this.replayedChunks) };
  }

  onText(text: string): void {
    if (this.isReplaying) this.skip(text);
    else this.observer.onText(text);
  }

  onChunk(chunk: Chunk, text: string): void {
    if (this.isReplaying) this.skip(text);
    else this.observer.onChunk(chunk, text);
  }

  onReadEnd(): void {
    this.observer.onReadEnd?.();
  }

  onEnd(result: ChatResult): void {
    const resume = this.findResumePoint(result);
    if (resume) result.resume = resume;
    else if (result.outcome !== "complete" && !this.hasEndRecord && this.id !== "") {
      stopAtService(this.setup, this.id);
    }
    const { stats, failure } = result;
    result.stats = {
      ...stats,
      chunks: Math.max(0, stats.chunks - this.replayedChunks),
      characters: Math.max(0, stats.characters - this.replayedChars),
    };
    if (failure) {
      const partial = failure.partial.slice(this.replayedChars);
      result.failure = new Failure(failure.code, failure.message, {
        ...failure.toJSON(),
        cause: failure.cause,
        partial,
      });
    }
    this.observer.onEnd(result);
  }

  /** @param isCut whether the connection ended before the record did */
  private noteRecord(data: string, isCut: boolean): void {
    if (isCut && tryParseJson(data) === undefined) return;
    if (this.id === "") this.id = readResponseId(data);
    this.hasEndRecord = END_RECORD.test(data);
    const found = SEQUENCE_NUMBER.exec(data)?.[1];
    if (found === undefined) return;
    const number = Number(found);
    if (number <= this.latest) this.isCounted = false;
    this.latest = number;
    this.isReplaying &&= number <= this.setup.resume!.after;
  }

  private skip(text: string): void {
    this.replayedChars += text.length;
    this.replayedChunks++;
    this.observer.onReplay?.(text);
  }

  private findResumePoint({ outcome, failure }: ChatResult): ResumePoint | undefined {
    const after = Math.max(this.latest, this.setup.resume?.after ?? -1);
    const isBroken = outcome === "failed" && failure!.retryable && !this.hasEndRecord;
    return isBroken && this.isCounted && this.id !== "" && after >= 0 ? { id: this.id, after } : undefined;
  }
}

/** Stops an answer at its service, which would go on with it unread. */
export function stopAtService(setup: ChatSetup, id: string): void {
  const { provider, endpoint, dispatcher, clock, limits } = setup;
  const request = provider.background?.buildCancelRequest(id, endpoint);
  if (!request) return;
  const options = { dispatcher, clock, limits, timeout: CANCEL_TIMEOUT_MS };
  // An answer that has ended cannot be stopped, which is no error.
  const stopped = fetchJson(provider, request, options).then(
    () => {},
    () => {},
  );
  setup.holdWork?.(stopped);
}

function readResponseId(data: string): string {
  const record = tryParseJson(data);
  const response = isObject(record) ? record["response"] : undefined;
  return isObject(response) && typeof response["id"] === "string" ? response["id"] : "";
}
