import { StringDecoder } from "node:string_decoder";
import type { Dispatcher } from "undici";
import { ChatRun } from "../../../src/client/chat-run.js";
import type { ChatObserver, ChatResult, ChatSetup } from "../../../src/client/chat-types.js";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../../src/core/limits.js";
import type { ChunkKind, DecoderOptions, DecoderSink } from "../../../src/dialects/dialect.js";
import { OpenAiDecoder } from "../../../src/dialects/openai/decoder.js";
import { getProvider } from "../../../src/providers/index.js";
import { type BodyListener, createBodyReader } from "../../../src/transport/records/body.js";
import { readFraming } from "../../../src/transport/records/framing.js";
import type { RecordReader } from "../../../src/transport/records/record-reader.js";
import { FakeClock } from "../worlds/fake-clock.js";
import type { Fixture } from "./fixtures.js";

/** A call of a decoder's sink, as data. */
export type SinkCall =
  | { text: string }
  | { chunk: Chunk; kind: ChunkKind; text: string }
  | { marker: true }
  | { failure: object }
  | { skipped: true };

/** Records the calls of a decoder up to the first end marker or failure, and ignores later ones. */
export class RecordingSink implements DecoderSink {
  readonly calls: SinkCall[] = [];
  hasEnded = false;

  onText(text: string): void {
    this.addCall({ text });
  }

  onChunk(chunk: Chunk, kind: ChunkKind, text: string): void {
    this.addCall({ chunk: structuredClone(chunk), kind, text });
  }

  onMarker(): void {
    this.addCall({ marker: true });
    this.hasEnded = true;
  }

  onFailure(failure: object): void {
    this.addCall({ failure: JSON.parse(JSON.stringify(failure)) });
    this.hasEnded = true;
  }

  onBadRecord(failure: object): void {
    this.onFailure(failure);
  }

  onSkipped(): void {
    this.addCall({ skipped: true });
  }

  private addCall(call: SinkCall): void {
    if (!this.hasEnded) this.calls.push(call);
  }
}

const OPTIONS: DecoderOptions = { depth: DEFAULT_LIMITS.depth, indices: DEFAULT_LIMITS.indices };

const EVENT_STREAM = "text/event-stream";

/** Decodes a body that comes in these reads. @returns the calls of the sink */
export function replay(
  reads: readonly Buffer[],
  options: Partial<DecoderOptions> = {},
  contentType: string = EVENT_STREAM,
): SinkCall[] {
  const sink = new RecordingSink();
  const decoder = new OpenAiDecoder(sink, { ...OPTIONS, ...options });
  const listener: BodyListener = {
    onRecord: (data, event, last) => {
      if (!sink.hasEnded) decoder.decode(data, event, last);
    },
    onRepeat: (text, start, end) => !sink.hasEnded && decoder.decodeRepeat(text, start, end),
    onBody: (text) => decoder.decode(text),
  };
  feedReads(listener, reads, contentType);
  return sink.calls;
}

/** Reads the records of a body that comes in these reads, as the decoder gets them. */
export function readRecords(reads: readonly Buffer[], contentType: string = EVENT_STREAM): unknown[] {
  const records: unknown[] = [];
  const listener: BodyListener = {
    onRecord: (data, event, last) => records.push([data, event, last]),
    onBody: (text) => records.push(text),
  };
  feedReads(listener, reads, contentType);
  return records;
}

function feedReads(listener: BodyListener, reads: readonly Buffer[], contentType: string): void {
  const bytes = new StringDecoder("utf8");
  const framing = readFraming({ "content-type": contentType });
  let reader: RecordReader | undefined;
  for (const text of [...reads.map((read) => bytes.write(read)), bytes.end()]) {
    if (text !== "") reader ??= createBodyReader(text, { framing, contentType }, listener, DEFAULT_LIMITS);
    reader?.feed(text);
  }
  reader?.end();
}

/** Decodes records, without the transport. Objects become JSON, strings stay as they are. @returns the calls of the sink */
export function decode(records: readonly unknown[], options: Partial<DecoderOptions> = {}): SinkCall[] {
  const sink = new RecordingSink();
  const decoder = new OpenAiDecoder(sink, { ...OPTIONS, ...options });
  for (const record of records) {
    if (!sink.hasEnded) decoder.decode(typeof record === "string" ? record : JSON.stringify(record));
  }
  return sink.calls;
}

/** A message of a played stream: its text, and its chunk if it has more than text. */
export interface PlayedMessage {
  text: string;
  chunk?: Chunk;
}

/** A stream that was played without a socket. */
export interface PlayedStream {
  messages: PlayedMessage[];
  result: ChatResult;
}

/** Runs a whole stream with the bytes of a fixture as the response, without a socket. */
export function play(
  fixture: Fixture,
  reads: readonly Buffer[] = [fixture.body],
  everyChunk = false,
): PlayedStream {
  const messages: PlayedMessage[] = [];
  let result: ChatResult | undefined;
  const observer: ChatObserver = {
    onText: (text) => messages.push({ text }),
    onChunk: (chunk, text) => messages.push({ text, chunk }),
    onEnd: (ended) => {
      result = ended;
    },
  };
  let handler: Dispatcher.DispatchHandler | undefined;
  const dispatcher = {
    dispatch: (_options: unknown, dispatchHandler: Dispatcher.DispatchHandler) => {
      handler = dispatchHandler;
      return true;
    },
  };
  const run = new ChatRun(buildSetup(fixture, dispatcher as unknown as Dispatcher, everyChunk), observer);
  const controller = { abort() {}, pause() {}, resume() {} } as unknown as Dispatcher.DispatchController;
  const headers = { "content-type": fixture.contentType ?? "text/event-stream" };
  handler!.onRequestStart?.(controller, {});
  handler!.onResponseStart?.(controller, 200, headers, "OK");
  for (const read of reads) handler!.onResponseData?.(controller, read);
  handler!.onResponseEnd?.(controller, {});
  run.cancel();
  return { messages, result: result! };
}

function buildSetup(fixture: Fixture, dispatcher: Dispatcher, everyChunk: boolean): ChatSetup {
  return {
    id: "stream-1",
    provider: getProvider("custom"),
    endpoint: { baseUrl: "http://127.0.0.1/v1" },
    memory: {},
    dispatcher,
    clock: new FakeClock(),
    timeouts: DEFAULT_TIMEOUTS,
    limits: DEFAULT_LIMITS,
    request: {
      model: "m-1",
      messages: [{ role: "user", content: "hello" }],
      tools: (fixture.tools ?? []).map((name) => ({ type: "function", function: { name } })),
      parameters: fixture.maxTokens === undefined ? {} : { max_tokens: fixture.maxTokens },
    },
    tolerant: fixture.tolerant ?? false,
    everyChunk,
  };
}
