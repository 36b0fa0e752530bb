import { buildSetup, type ChatOptions } from "./chat-options.js";
import type { ChatResult, JobReport } from "./client/chat-types.js";
import { startRun } from "./client/job-run.js";
import type { Chunk, Completion } from "./core/chat/chunk.js";
import { mergeChunks } from "./core/chat/merge.js";
import { Failure } from "./core/failure.js";
import { Channel } from "./core/lifecycle/channel.js";
import { addAbortListener } from "./core/lifecycle/abort-listener.js";

/** A stream can be read once: its chunks are gone when they have been taken. */
export class StreamConsumedError extends Error {
  override readonly name = "StreamConsumedError";
  readonly code = "stream_consumed";
  constructor() {
    super("This stream has been read already. Ask again for another, or keep what collect() gave.");
  }
}

/**
 * An answer as it comes. It can be read once: as chunks (`for await` on itself), as text (`textDeltas`, also called
 * `collectWithDeltas`), or as a whole (`collect`); `finalResponse` has the whole afterwards. The request is sent
 * when reading begins. A reader that falls behind gets larger pieces. Leaving a loop early closes the
 * connection; a failure is thrown as `Failure`, with what had come in `partial`.
 */
export class ChatStream implements AsyncIterable<Chunk>, AsyncDisposable {
  private stop: (() => void) | undefined;
  private isConsumed = false;
  private isClosed = false;
  private result: ChatResult | undefined;
  private completion: Completion | null = null;

  /** @param signal cancels the stream: reading it ends with a Failure `cancelled`. */
  constructor(
    private readonly options: ChatOptions,
    private readonly signal?: AbortSignal,
  ) {}

  /** The whole answer, once the stream has been read to its end; null before, and after a failure. */
  get finalResponse(): Completion | null {
    return this.completion;
  }

  /** What became of the stream's job, once the stream has ended; null where the service has none. */
  get job(): JobReport | null {
    return this.result?.job ?? null;
  }

  /** Every chunk, in Chat Completions form. @throws StreamConsumedError at the second call */
  [Symbol.asyncIterator](): AsyncIterableIterator<Chunk> {
    return this.consume(true, (chunk) => chunk, mergeChunks);
  }

  /** The answer's text, piece by piece. @throws StreamConsumedError */
  textDeltas(): AsyncIterableIterator<string> {
    return this.consume(
      false,
      (_chunk, text) => text,
      (first, second) => first + second,
    );
  }

  /** As `textDeltas`, under the name that other clients have for it. @throws StreamConsumedError */
  collectWithDeltas(): AsyncIterableIterator<string> {
    return this.textDeltas();
  }

  /** The whole answer, silently. @throws StreamConsumedError, and Failure where the stream fails */
  async collect(): Promise<Completion> {
    for await (const _text of this.textDeltas());
    if (!this.completion) throw this.createCancelledFailure("The stream was closed before its end.");
    return this.completion;
  }

  /** Ends the stream and frees its connection. Idempotent; never throws. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.stop?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

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
      // A generator would let a pending next() wait for its chunk first.
      return: async () => {
        await this.close();
        return items.return(undefined);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  private async *read<T>(
    everyChunk: boolean,
    pick: (chunk: Chunk, text: string) => T,
    channel: Channel<T>,
  ): AsyncGenerator<T> {
    if (this.isClosed) return;
    if (this.signal?.aborted) throw this.createCancelledFailure("The stream was cancelled by its signal.");
    const stop = () => {
      run.cancel();
      channel.discard();
    };
    const run = startRun(buildSetup(this.options, everyChunk), {
      onText: (text) => channel.push(text as T),
      onChunk: (chunk, text) => {
        const item = pick(chunk, text);
        if (item !== "") channel.push(item);
      },
      onEnd: (result) => {
        this.result = result;
        unlisten?.();
        channel.end();
      },
    });
    this.stop = stop;
    const unlisten = this.signal && addAbortListener(this.signal, stop);
    try {
      yield* channel.read();
      const { result } = this;
      if (this.isClosed) return;
      if (result?.failure) throw result.failure;
      if (result?.outcome !== "complete")
        throw this.createCancelledFailure("The stream was cancelled by its signal.");
      this.completion = result.completion;
    } finally {
      run.cancel();
    }
  }

  private createCancelledFailure(message: string): Failure {
    const partial = this.result?.completion.choices[0]?.message.content ?? "";
    return new Failure("cancelled", message, {
      provider: this.options.provider,
      partial,
      phase: partial === "" ? "connect" : "streaming",
    });
  }
}

/** Asks, and gives the answer as a stream. */
export function chatStream(options: ChatOptions, signal?: AbortSignal): ChatStream {
  return new ChatStream(options, signal);
}
