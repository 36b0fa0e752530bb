import { buildSetup, type ChatOptions } from "./chat-options.js";
import type { ChatResult, JobReport } from "./client/chat-types.js";
import { startRun } from "./client/start-run.js";
import type { Chunk } from "./core/chat/chunk.js";
import { mergeChunks } from "./core/chat/merge.js";
import type { Stats } from "./core/chat/stats.js";
import type { Cost } from "./core/cost/amount.js";
import { addCost, type BilledCompletion } from "./core/cost/billed-completion.js";
import { Failure } from "./core/failure.js";
import { addAbortListener } from "./core/lifecycle/abort-listener.js";
import { Channel } from "./core/lifecycle/channel.js";
import { rewordForLibrary } from "./library-wording.js";
import { fillInDemo, needsDemo, readProviderId } from "./service-options.js";

const CANCELLED_BY_SIGNAL = "The stream was cancelled by its signal.";

/** Thrown if a stream is read a second time. Its chunks are gone once they were read. */
export class StreamConsumedError extends Error {
  override readonly name = "StreamConsumedError";
  readonly code = "stream_consumed";
  constructor() {
    super(
      "This stream was already read. Start another one with chatStream(), or keep the result of collect().",
    );
  }
}

/**
 * The stream of one answer. It can be read once, in one of three ways:
 *
 * - `for await (const chunk of stream)`: every chunk;
 * - `for await (const text of stream.textDeltas())`: the text, piece by piece;
 * - `await stream.collect()`: the whole answer.
 *
 * The request is sent when reading begins. A reader that falls behind gets fewer and larger pieces. Leaving the loop early
 * closes the connection. If the stream fails, reading throws a `Failure`, whose `partial` is the text so far.
 */
export class ChatStream implements AsyncIterable<Chunk>, AsyncDisposable {
  /** Ends the run and the reading; undefined until the request is sent. */
  private stop: (() => void) | undefined;
  private isConsumed = false;
  private isClosed = false;
  private result: ChatResult | undefined;
  private completion: BilledCompletion | null = null;

  /** @param signal cancels the stream: reading then throws a Failure `cancelled` */
  constructor(
    private readonly options: ChatOptions,
    private readonly signal: AbortSignal | undefined = options.signal,
  ) {}

  /** The whole answer; null until the stream was read to its end, and after a failure. */
  get finalResponse(): BilledCompletion | null {
    return this.completion;
  }

  /** Sizes and times, also of a stream that failed or was left early; null until it has ended. */
  get stats(): Stats | null {
    return this.result?.stats ?? null;
  }

  /** Why the answer ended: `stop`, `length`, `tool_calls`, `error`, `cancelled` …; null until the stream has ended. */
  get finishReason(): string | null {
    return this.result?.finishReason ?? null;
  }

  /** The stream's job; null until the stream has ended, and if the service does not bill by job. */
  get job(): JobReport | null {
    return this.result?.job ?? null;
  }

  /** What the answer costs, also if the stream failed; null until it has ended, and if the cost is unknown. */
  get cost(): Cost | null {
    return this.result?.cost ?? null;
  }

  /**
   * Reads every chunk, in the form of Chat Completions whatever the service.
   * @throws StreamConsumedError if the stream was already read
   * @throws Failure from the iterator, if the options are wrong or the stream fails
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Chunk> {
    return this.consume(true, (chunk) => chunk, mergeChunks);
  }

  /**
   * Reads the text of the answer (its first choice), piece by piece and without reasoning.
   * @throws StreamConsumedError if the stream was already read
   * @throws Failure from the iterator, if the options are wrong or the stream fails
   */
  textDeltas(): AsyncIterableIterator<string> {
    return this.consume(
      false,
      (_chunk, text) => text,
      (first, second) => first + second,
    );
  }

  /** The same as `textDeltas()`, under the name that other clients use. */
  collectWithDeltas(): AsyncIterableIterator<string> {
    return this.textDeltas();
  }

  /**
   * Reads the stream to its end.
   * @returns the whole answer
   * @throws StreamConsumedError if the stream was already read
   * @throws Failure if the options are wrong, or the stream fails or is closed
   */
  async collect(): Promise<BilledCompletion> {
    for await (const _text of this.textDeltas());
    if (!this.completion) throw this.createCancelledFailure("The stream was closed before its end.");
    return this.completion;
  }

  /** Ends the stream and closes its connection. It may be called more than once and never throws. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.stop?.();
  }

  /** Closes the stream at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Creates the one iterator of the stream.
   * @param pick reads an item from a chunk; `""` is skipped
   * @param merge joins two items if the reader falls behind
   */
  private consume<T>(
    everyChunk: boolean,
    pick: (chunk: Chunk, text: string) => T,
    merge: (first: T, second: T) => T,
  ): AsyncIterableIterator<T> {
    if (this.isConsumed) throw new StreamConsumedError();
    this.isConsumed = true;
    const items = this.read(everyChunk, pick, new Channel<T>(merge));
    return {
      next: () => items.next(),
      // The generator's own return() would wait for a pending next().
      return: async () => {
        await this.close();
        return items.return(undefined);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Sends the request and yields the items. */
  private async *read<T>(
    everyChunk: boolean,
    pick: (chunk: Chunk, text: string) => T,
    channel: Channel<T>,
  ): AsyncGenerator<T> {
    if (this.isClosed) return;
    this.throwIfAborted();
    const stop = () => {
      run.cancel();
      channel.discard();
    };
    const options = needsDemo(this.options) ? await fillInDemo(this.options) : this.options;
    if (this.isClosed) return;
    this.throwIfAborted();
    const run = startRun(buildSetup(options, everyChunk), {
      onText: (text) => channel.push(text as T),
      onChunk: (chunk, text) => {
        const item = pick(chunk, text);
        if (item !== "") channel.push(item);
      },
      onEnd: (result) => {
        this.result = result;
        removeListener?.();
        channel.end();
      },
    });
    this.stop = stop;
    const removeListener = this.signal && addAbortListener(this.signal, stop);
    try {
      yield* channel.read();
      const { result } = this;
      if (this.isClosed) return;
      if (result?.failure) throw rewordForLibrary(result.failure);
      if (result?.outcome !== "complete") throw this.createCancelledFailure(CANCELLED_BY_SIGNAL);
      this.completion = addCost(result.completion, result.cost);
    } finally {
      run.cancel();
    }
  }

  private throwIfAborted(): void {
    if (this.signal?.aborted) throw this.createCancelledFailure(CANCELLED_BY_SIGNAL);
  }

  private createCancelledFailure(message: string): Failure {
    const partial = this.result?.completion.choices[0]?.message.content ?? "";
    return new Failure("cancelled", message, {
      provider: readProviderId(this.options),
      partial,
      phase: partial === "" ? "connect" : "streaming",
    });
  }
}

/**
 * Creates the stream of an answer. Nothing is sent and nothing is checked until the stream is read.
 * @param signal cancels the stream: reading then throws a Failure `cancelled`
 */
export function chatStream(options: ChatOptions, signal?: AbortSignal): ChatStream {
  return new ChatStream(options, signal);
}
