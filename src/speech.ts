import { type SpeechResult, SpeechRun, type SpeechSetup } from "./client/speech-run.js";
import { Failure } from "./core/failure.js";
import { addAbortListener } from "./core/lifecycle/abort-listener.js";
import { Channel } from "./core/lifecycle/channel.js";
import { rewordForLibrary } from "./library-wording.js";
import type { Other } from "./request-types.js";
import {
  checkNames,
  checkOptions,
  fillInDemo,
  needsDemo,
  openService,
  readProviderId,
  SERVICE_OPTIONS,
  type ServiceOptions,
} from "./service-options.js";

/** A text to be spoken, and the service that speaks it. What is left out is the service's choice. */
export interface SpeechOptions extends ServiceOptions {
  /** The text to speak; not empty. */
  text: string;
  /** Name of the model, as the service calls it. */
  model?: string | undefined;
  /** Name of the voice, as the service calls it. */
  voice?: string | undefined;
  /** Form of the sound. */
  format?: "mp3" | "opus" | "aac" | "flac" | "wav" | "pcm" | Other | undefined;
  /** Factor of the voice's normal pace; default 1. */
  speed?: number | undefined;
  /** Further request fields, under the service's own names. */
  parameters?: Readonly<Record<string, unknown>> | undefined;
}

/** The names of the options. A record, so that the compiler finds one that is missing. */
const SPEECH_OPTIONS: Readonly<Record<keyof SpeechOptions, true>> = {
  ...SERVICE_OPTIONS,
  text: true,
  model: true,
  voice: true,
  format: true,
  speed: true,
  parameters: true,
};

/**
 * The sound of one spoken text, as buffers in the order in which they arrive. It can be read once; the request is sent when
 * reading begins. Leaving the loop early closes the connection. If it fails, reading throws a `Failure`.
 */
export class SpeechStream implements AsyncIterable<Buffer> {
  private isConsumed = false;
  private type: string | null = null;

  constructor(private readonly options: SpeechOptions) {}

  /** Media type of the sound, such as `audio/mpeg`; null until the first buffer has come. */
  get contentType(): string | null {
    return this.type;
  }

  /**
   * @throws Failure `configuration` if the sound was already read
   * @throws Failure from the iterator, if the options are wrong or the service fails
   */
  [Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    if (this.isConsumed) {
      throw new Failure("configuration", "This sound was already read. Start another one with speech().");
    }
    this.isConsumed = true;
    return this.read();
  }

  /** Reads the whole sound. @throws Failure as the iterator does */
  async collect(): Promise<Buffer> {
    const buffers: Buffer[] = [];
    for await (const buffer of this) buffers.push(buffer);
    return Buffer.concat(buffers);
  }

  private async *read(): AsyncGenerator<Buffer> {
    const { signal } = this.options;
    this.throwIfAborted();
    const options = needsDemo(this.options) ? await fillInDemo(this.options) : this.options;
    this.throwIfAborted();
    const channel = new Channel<Buffer>((first, second) => Buffer.concat([first, second]));
    let result: SpeechResult | undefined;
    const run = new SpeechRun(buildSpeechSetup(options), {
      onBegin: (contentType) => {
        this.type = contentType;
      },
      onAudio: (bytes) => channel.push(bytes),
      onEnd: (ended) => {
        result = ended;
        channel.end();
      },
    });
    const removeListener = signal && addAbortListener(signal, () => run.cancel());
    try {
      yield* channel.read();
      if (result?.failure) throw rewordForLibrary(result.failure);
      if (result?.outcome === "cancelled") throw this.createCancelledFailure();
    } finally {
      removeListener?.();
      run.cancel();
    }
  }

  private throwIfAborted(): void {
    if (this.options.signal?.aborted) throw this.createCancelledFailure();
  }

  private createCancelledFailure(): Failure {
    const details = { provider: readProviderId(this.options) };
    return new Failure("cancelled", "The sound was cancelled by its signal.", details);
  }
}

/** Speaks a text. Nothing is sent and nothing is checked until the sound is read. */
export function speech(options: SpeechOptions): SpeechStream {
  return new SpeechStream(options);
}

/** Checks the options and builds everything that the run needs. @throws Failure if an option is wrong */
function buildSpeechSetup(options: SpeechOptions): SpeechSetup {
  return checkOptions(options, () => {
    checkNames(options, SPEECH_OPTIONS);
    const { text, model, voice, format, speed, parameters } = options;
    if (typeof text !== "string" || text.trim() === "") {
      throw new Failure("invalid_request", "There is nothing to speak. Set the option “text”.");
    }
    const wanted = Object.entries({ model, voice, format, speed, parameters });
    const chosen = Object.fromEntries(wanted.filter(([, value]) => value !== undefined));
    return { ...openService(options), request: { text, ...chosen } };
  });
}
