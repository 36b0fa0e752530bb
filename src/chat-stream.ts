import { type ChatOptions, setupFrom } from "./chat-options.js";
import { type ChatResult, ChatRun } from "./chat-run.js";
import { Channel } from "./core/channel.js";
import type { Chunk, Completion } from "./core/chunk.js";
import { Failure } from "./core/failure.js";

/** A stream can be read once: its chunks are gone when they have been taken. */
export class StreamConsumedError extends Error {
  override readonly name = "StreamConsumedError";
  readonly code = "stream_consumed";
  constructor() {
    super("This stream has been read already. Ask again for another, or keep what collect() gave.");
  }
}

/**
 * An answer as it comes. It can be read once, in one of four ways: as chunks (`for await` on itself), as text
 * (`textDeltas`), as a whole (`collect`), or as text with the whole at its end (`collectWithDeltas`). The request
 * is sent when reading begins. Leaving a loop early closes the connection; a failure is thrown as `Failure`, with
 * what had come in `partial`.
 */
export class ChatStream implements AsyncIterable<Chunk>, AsyncDisposable {
  private run: ChatRun | undefined;
  private consumed = false;
  private closed = false;
  private final: Completion | null = null;

  /** @param signal cancels the stream: reading it ends with a Failure `cancelled`. */
  constructor(
    private readonly options: ChatOptions,
    private readonly signal?: AbortSignal,
  ) {}

  /** The whole answer, once the stream has been read to its end; null before, and after a failure. */
  get finalResponse(): Completion | null {
    return this.final;
  }

  /** Every chunk, in Chat Completions form. @throws StreamConsumedError at the second call */
  [Symbol.asyncIterator](): AsyncIterator<Chunk> {
    this.consume();
    return this.chunks();
  }

  /** The answer's text, piece by piece. @throws StreamConsumedError */
  textDeltas(): AsyncIterableIterator<string> {
    this.consume();
    return this.texts();
  }

  /** The answer's text, piece by piece; afterwards `finalResponse` holds the whole. @throws StreamConsumedError */
  collectWithDeltas(): AsyncIterableIterator<string> {
    return this.textDeltas();
  }

  /** The whole answer, silently. @throws StreamConsumedError, and Failure where the stream fails */
  async collect(): Promise<Completion> {
    for await (const _text of this.textDeltas());
    if (!this.final) throw new Failure("cancelled", "The stream was closed before its end.");
    return this.final;
  }

  /** Ends the stream and frees its connection. Idempotent; never throws. */
  async close(): Promise<void> {
    this.closed = true;
    this.run?.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private consume(): void {
    if (this.consumed) throw new StreamConsumedError();
    this.consumed = true;
  }

  private async *chunks(): AsyncGenerator<Chunk> {
    for await (const item of this.read<Chunk>(true, (chunk) => chunk)) yield item;
  }

  private async *texts(): AsyncGenerator<string> {
    for await (const item of this.read<string>(false, (_chunk, text) => text)) if (item !== "") yield item;
  }

  private async *read<T>(everyChunk: boolean, pick: (chunk: Chunk, text: string) => T): AsyncGenerator<T> {
    if (this.closed) return;
    const channel = new Channel<T>((full) => this.run?.pause(full));
    let ended: ChatResult | undefined;
    const setup = setupFrom(this.options, everyChunk);
    const run = new ChatRun(setup, {
      onText: (text) => channel.push(text as T),
      onChunk: (chunk, text) => channel.push(pick(chunk, text)),
      onEnd: (result) => {
        ended = result;
        channel.end();
      },
    });
    this.run = run;
    const cancel = () => run.cancel();
    this.signal?.addEventListener("abort", cancel, { once: true });
    if (this.signal?.aborted) cancel();
    try {
      yield* channel.items();
      if (ended?.failure) throw ended.failure;
      if (ended?.outcome === "complete") this.final = ended.completion;
      else if (this.signal?.aborted)
        throw new Failure("cancelled", "The stream was cancelled by its signal.");
    } finally {
      this.signal?.removeEventListener("abort", cancel);
      run.cancel();
    }
  }
}

/** Asks, and gives the answer as a stream. */
export function chatStream(options: ChatOptions, signal?: AbortSignal): ChatStream {
  return new ChatStream(options, signal);
}
