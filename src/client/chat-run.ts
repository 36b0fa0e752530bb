import type { Chunk, DeltaText } from "../core/chat/chunk.js";
import { CompletionMachine } from "../core/chat/completion.js";
import { EndDetector, readEndClues } from "../core/chat/end-detector.js";
import type { ChatRequest } from "../core/chat/request.js";
import { type Failure, toFailure } from "../core/failure.js";
import type { Headers } from "../core/headers.js";
import { Deadlines, type Expiry } from "../core/lifecycle/deadlines.js";
import { FloodGuard } from "../core/lifecycle/flood-guard.js";
import type { ChunkKind, Decoder, DecoderSink } from "../dialects/dialect.js";
import { buildBackstops, Exchange, type ExchangeListener } from "../transport/exchange.js";
import { buildWire } from "./build-wire.js";
import type { ChatObserver, ChatProgress, ChatResult, ChatSetup, StartedRun } from "./chat-types.js";
import { ChunkPreparer } from "./chunk-preparer.js";
import { createDecoder } from "./create-decoder.js";
import { completeFailure } from "./failures/complete-failure.js";
import { createCutOffFailure, createWrongFormFailure } from "./failures/cut-off-failure.js";
import { createExpiryFailure } from "./failures/expiry-failure.js";
import { createFaultFailure } from "./failures/fault-failure.js";
import { findPhase } from "./failures/find-phase.js";
import { hidePause, PausedAnswer } from "./paused-answer.js";
import { RefusalMemory } from "./refusal-memory.js";
import { buildRunResult } from "./run-result.js";

/** One stream, from the request to its end: hands records from the exchange to the decoder, and chunks to the observer. */
export class ChatRun implements ExchangeListener, DecoderSink, StartedRun {
  private machine!: CompletionMachine;
  private decoder!: Decoder;
  private preparer!: ChunkPreparer;
  private readonly deadlines: Deadlines;
  private readonly startedAt: number;
  private exchange: Exchange | undefined;
  private readonly refusals: RefusalMemory;
  /** Status of the response; 0 until it has come. */
  status = 0;
  /** Body and headers of a refusal. */
  refusal = "";
  private headers: Headers = {};
  private lastReadAt = 0;
  private contentChunks = 0;
  private skippedRecords = 0;
  private notice: string | undefined;
  private firstTokenMs: number | null = null;
  private endDetector = new EndDetector();
  private pauses!: PausedAnswer;
  private readonly flood = new FloodGuard();
  /** The failure of a record that came after the end of the answer and could not be used. */
  private badRecord: Failure | undefined;
  private isStarting = true;
  private hasEnded = false;

  /** Sends the request. Never throws: failures reach `observer.onEnd()`, and not before the constructor has returned. */
  constructor(
    private readonly setup: ChatSetup,
    private readonly observer: ChatObserver,
  ) {
    const { clock, endpoint, memory, provider, request } = setup;
    this.refusals = new RefusalMemory(provider, memory, { model: request.model, endpoint });
    this.startedAt = clock.now();
    this.deadlines = new Deadlines(clock, setup.timeouts, (expiry) => this.handleExpiry(expiry));
    this.begin(request);
    this.prepareReading();
    this.isStarting = false;
  }

  /** Creates what reads the answer, once. Usually the request is on its way by then, so that this delays nothing. */
  private prepareReading(): void {
    if (this.machine) return;
    const { everyChunk, limits, request } = this.setup;
    this.machine = new CompletionMachine(limits);
    this.pauses = new PausedAnswer(this.setup, this.machine);
    this.preparer = new ChunkPreparer(this.machine, request, limits.indices, everyChunk);
    this.decoder = createDecoder(this.setup, this, this.refusals);
  }

  /** Ends the stream. The observer keeps the text so far. May be called more than once. */
  cancel(): void {
    if (this.hasEnded) return;
    this.decoder.flush();
    this.exchange?.abort();
    this.end("cancelled", "cancelled");
  }

  readProgress(): ChatProgress {
    const { contentChunks: chunks, firstTokenMs, machine } = this;
    const { contentSize, toolCallCount: toolCalls, latestUsage: usage } = machine;
    return { chunks, firstTokenMs, contentSize, toolCalls, usage };
  }

  onConnected(): void {
    if (!this.hasEnded) this.deadlines.markConnected();
  }

  onResponse(status: number, headers: Headers): void {
    this.prepareReading();
    this.status = status;
    if (status >= 300) this.headers = headers;
    else this.notice = this.setup.provider.readNotice?.(headers);
    // A status of 300 or more already says that the request failed, so the details get little time.
    if (status < 300) this.deadlines.markResponse();
    else this.deadlines.markDraining();
  }

  onBytes(bytes: number): void {
    const { machine, setup } = this;
    if (!this.endDetector.isReached) this.flood.add(bytes, machine.contentSize, setup.limits.record);
    this.lastReadAt = setup.clock.now();
    this.deadlines.markBytes(this.lastReadAt);
  }

  onRecord(data: string, event: string | undefined, isCut: boolean): void {
    // Records behind a pause in the same response belong to no answer.
    if (this.hasEnded || !this.exchange) return;
    this.setup.watcher?.onRecord(data, isCut, this.decoder);
    this.decoder.decode(data, event, isCut);
  }

  onRepeat(text: string, start: number, end: number): boolean {
    return !this.setup.watcher && this.decoder.decodeRepeat(text, start, end);
  }

  onReadEnd(): void {
    if (!this.hasEnded) this.observer.onReadEnd?.();
  }

  onBody(text: string): void {
    if (this.hasEnded) return;
    if (this.status < 300) this.readWholeCompletion(text);
    else this.handleRefusal(text);
  }

  onEnd(): void {
    if (this.endDetector.isReached) this.complete();
    else if (!this.hasEnded) this.fail(createCutOffFailure(this.machine, this.setup));
  }

  onFailure(failure: Failure): void {
    // If the answer was complete before the connection broke, a retry would only cost the same again.
    const isBroken = failure.code === "interrupted" && failure.status === undefined;
    if (isBroken && !this.hasEnded && this.endDetector.isReached) this.complete();
    else this.fail(failure);
  }

  onText(text: string): void {
    if (this.hasEnded || this.failOnLostRecord()) return;
    this.machine.addText(text);
    this.endDetector.addText();
    this.countContent();
    this.observer.onText(text);
  }

  onChunk(decoded: Chunk, decodedKind: ChunkKind, decodedText: string): void {
    if (this.hasEnded || (decodedKind !== "silent" && this.failOnLostRecord())) return;
    const { chunk, kind, text } = this.preparer.prepare(decoded, decodedKind, decodedText);
    this.machine.addChunk(chunk);
    if (kind !== "silent") this.countContent();
    const clues = readEndClues(this.machine, this.setup.request, chunk, kind !== "silent", text);
    if (this.endDetector.addChunk(clues)) this.deadlines.markDraining();
    if (kind === "rich" || this.setup.everyChunk)
      this.observer.onChunk(this.pauses.isDue ? hidePause(chunk) : chunk, text);
    else if (kind === "text") this.observer.onText(text);
  }

  onPiece(chunk: Chunk, field: DeltaText, piece: string): void {
    const text = field === "content" ? piece : "";
    const needsChecks = this.hasEnded || this.endDetector.isReached || this.badRecord;
    if (needsChecks || !this.preparer.isPrepared(chunk)) this.onChunk(chunk, "rich", text);
    else {
      this.machine.addPiece(field, piece, chunk.choices[0]!.logprobs);
      this.endDetector.addContent(text !== "");
      this.countContent();
      this.observer.onChunk(chunk, text);
    }
  }

  onMarker(): void {
    if (this.setup.needsFinishReason) this.onEnd();
    else if (!this.hasEnded) this.complete();
  }

  onBadRecord(failure: Failure): void {
    if (this.endDetector.isReached) this.badRecord ??= failure;
    else this.fail(failure);
  }

  onSkipped(): void {
    this.skippedRecords++;
  }

  /** Sends the request: the first time, once more after a refusal, or for the next part of the answer. */
  private begin(request: ChatRequest): void {
    const { setup } = this;
    this.status = 0;
    this.refusal = "";
    try {
      const wire = buildWire({ ...setup, request }, this.refusals.getKnowledge());
      this.exchange = new Exchange(setup.limits, this);
      this.exchange.send(wire, setup.dispatcher, buildBackstops(setup.timeouts));
    } catch (thrown) {
      this.fail(toFailure(thrown, "invalid_request"));
    }
  }

  /** Reads an answer in one piece, from a service that ignores `stream`. */
  private readWholeCompletion(text: string): void {
    if (text.trim() === "") return;
    this.setup.watcher?.onWhole(this.decoder);
    this.decoder.decode(text, undefined, !/^\s*[[{]/.test(text));
    if (this.machine.hasBegun) this.complete();
    else this.fail(createWrongFormFailure());
  }

  /** Sends the request once more in another form if the refusal shows how, else fails. */
  private handleRefusal(text: string): void {
    this.refusal = text;
    try {
      if (this.refusals.learnFrom(this.status, text)) {
        this.deadlines.markConnecting();
        this.begin(this.pauses.request);
      } else
        this.fail(this.setup.provider.readError(this.status, this.headers, text, this.setup.clock.date()));
    } catch (thrown) {
      this.fail(toFailure(thrown));
    }
  }

  /** Fails if a bad record came after a seeming end of the answer, which now goes on. @returns whether it failed */
  private failOnLostRecord(): boolean {
    if (this.badRecord) this.fail(this.badRecord);
    return this.badRecord !== undefined;
  }

  private countContent(): void {
    this.contentChunks++;
    if (this.firstTokenMs === null) this.firstTokenMs = this.setup.clock.now() - this.startedAt;
    this.deadlines.markContent(this.lastReadAt);
  }

  private handleExpiry(expiry: Expiry): void {
    if (this.hasEnded) return;
    const isSilence = expiry === "idle" || expiry === "progress";
    if (this.status >= 300) this.exchange?.deliverRefusal();
    else if (expiry === "drain" || (isSilence && this.endDetector.isCertain)) {
      this.exchange?.abort();
      this.complete();
    } else this.fail(createExpiryFailure(expiry, this.setup));
  }

  private complete(): void {
    this.decoder.flush();
    if (this.hasEnded) return;
    const fault = createFaultFailure(this.machine);
    if (fault) this.fail(fault);
    else if (this.pauses.isDue) this.continueAnswer();
    else {
      const calls = this.preparer.buildMissingCalls(this.setup.id);
      if (calls) this.onChunk(calls, "rich", "");
      this.exchange?.finish();
      this.refusals.confirm();
      this.end("complete", this.machine.finishReason);
    }
  }

  /** Asks for the next part of an answer that the service has paused. */
  private continueAnswer(): void {
    this.exchange?.finish();
    this.refusals.confirm();
    this.pauses.continueAnswer();
    this.decoder.continueAnswer();
    this.endDetector = new EndDetector();
    this.badRecord = undefined;
    this.exchange = undefined;
    this.observer.onReadEnd?.();
    this.deadlines.markConnecting();
    // What is left of this read of the socket still belongs to the old response.
    queueMicrotask(() => !this.hasEnded && this.begin(this.pauses.request));
  }

  private fail(failure: Failure): void {
    if (this.hasEnded) return;
    this.prepareReading();
    if (!this.setup.watcher?.canResumeAfter(failure)) this.decoder.flush();
    this.exchange?.abort();
    const { deadlines, machine, pauses, status } = this;
    const phase = findPhase(failure.phase, { status, pauses, deadlines, machine });
    this.end("failed", "error", completeFailure(failure, this.setup, this, { phase, partial: machine.text }));
  }

  private end(outcome: ChatResult["outcome"], finishReason: string, failure?: Failure): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.deadlines.stop();
    const { machine, setup, skippedRecords: skipped, startedAt, notice } = this;
    const requests = 1 + this.pauses.continuations;
    const ended = { outcome, finishReason, failure, startedAt, skipped, notice, requests };
    const result = buildRunResult(setup, machine, { ...ended, ...this.readProgress() });
    // End asynchronously if the constructor still runs: callers get the run first.
    if (this.isStarting) queueMicrotask(() => this.observer.onEnd(result));
    else this.observer.onEnd(result);
  }
}
