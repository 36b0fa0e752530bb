import { Dispatcher } from "undici";
import type { Clock } from "../../core/clock.js";
import { Failure, toFailure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { CassetteFile } from "./cassette-file.js";
import { describeMiss } from "./difference.js";
import { PlayedExchange } from "./played-exchange.js";
import { type RecordedRequest, toRecordedRequest, toRequestKey } from "./recorded-request.js";
import type { Recording } from "./recording.js";

/** What a player needs. */
export interface PlayerOptions {
  file: CassetteFile;
  clock: Clock;
  /** Whether to play without the pauses that were recorded. Default: false. */
  atOnce?: boolean;
  /** What is `***` in the cassette. */
  secrets?: readonly string[];
}

/**
 * Answers requests from a cassette, byte for byte, and never asks a service. If a request was recorded several times, its
 * recordings are played in their order, and the last one again and again.
 */
export class CassettePlayer extends Dispatcher {
  private loaded: readonly Recording[] | undefined;
  private readonly recordings = new Map<string, Recording[]>();
  private readonly playing = new Set<PlayedExchange>();

  constructor(private readonly options: PlayerOptions) {
    super();
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { clock, atOnce = false, secrets = [] } = this.options;
    const exchange = new PlayedExchange(handler, clock, atOnce, () => this.playing.delete(exchange));
    this.playing.add(exchange);
    const body = typeof options.body === "string" ? options.body : "";
    const asked = toRecordedRequest(String(options.method), options.path, body, secrets);
    this.findRecording(asked).then(
      (recording) => exchange.start(recording),
      (thrown: unknown) => exchange.fail(toFailure(thrown)),
    );
    return true;
  }

  /** Lists the models that were asked. @throws Failure `configuration` if there is no cassette */
  async listModels(): Promise<string[]> {
    await this.load();
    const models = [...this.recordings.values()].flat().map(({ request: { path, body } }) => {
      const model = isObject(body) ? body["model"] : undefined;
      return typeof model === "string" ? model : /\/models\/([^/:]+):/.exec(path)?.[1];
    });
    return [...new Set(models)].filter((model) => model !== undefined);
  }

  // Undici's own signatures allow a callback, which this package does not use.
  override close(): Promise<void> {
    return this.destroy();
  }

  override async destroy(): Promise<void> {
    for (const exchange of [...this.playing])
      exchange.fail(new Failure("cancelled", "The provider has been closed."));
  }

  /** @throws Failure `not_found` if the request was not recorded */
  private async findRecording(asked: RecordedRequest): Promise<Recording> {
    const all = await this.load();
    const list = this.recordings.get(toRequestKey(asked));
    if (!list) {
      throw new Failure(
        "not_found",
        `The cassette “${this.options.file.name}” has no answer to this request. ${describeMiss(asked, all)} Ask what was recorded, or record again.`,
        { retryable: false },
      );
    }
    return list.length > 1 ? list.shift()! : list[0]!;
  }

  private async load(): Promise<readonly Recording[]> {
    const all = await this.options.file.read();
    if (all === this.loaded) return all;
    this.loaded = all;
    this.recordings.clear();
    for (const recording of all) {
      const key = toRequestKey(recording.request);
      const list = this.recordings.get(key);
      if (list) list.push(recording);
      else this.recordings.set(key, [recording]);
    }
    return all;
  }
}
