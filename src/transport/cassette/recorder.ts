import type { Dispatcher } from "undici";
import type { Clock } from "../../core/clock.js";
import { toFailure } from "../../core/failure.js";
import type { CassetteFile } from "./cassette-file.js";
import { toRequestKey } from "./recorded-request.js";
import type { Recording } from "./recording.js";
import { MAX_TAKE_BYTES, Take, type TakeOutcome } from "./take.js";

/** How many recordings of failed streams are kept, the newest. */
const MAX_FAILED = 20;

/** What a recorder needs. */
export interface RecorderOptions {
  file: CassetteFile;
  clock: Clock;
  /** Id of the provider. */
  provider: string;
  secrets: readonly string[];
  /** Whether to keep only streams that fail. Default: all. */
  failuresOnly?: boolean;
  /** Called once, with the reason, if a stream cannot be recorded. The stream itself goes on. */
  warn(problem: string): void;
}

/** Records the streams of a provider into a cassette. A problem with it never touches a stream. */
export class Recorder {
  /** The keys of the requests that this recorder has recorded. */
  private readonly recorded = new Set<string>();
  private writing: Promise<void> = Promise.resolve();
  private hasWarned = false;

  constructor(private readonly options: RecorderOptions) {}

  /** Begins to record a stream. Send its requests through the returned dispatcher, and call `finish()` at the end. */
  createTake(dispatcher: Dispatcher): Take {
    const { clock, provider, secrets } = this.options;
    return new Take({
      dispatcher,
      clock,
      provider,
      secrets,
      onFinish: (recordings, outcome) => this.keep(recordings, outcome),
    });
  }

  /** Waits until everything is written. */
  settle(): Promise<void> {
    return this.writing;
  }

  private keep(recordings: Recording[] | undefined, { outcome }: TakeOutcome): void {
    const { file, failuresOnly } = this.options;
    if (failuresOnly && outcome !== "failed") return;
    if (!recordings) {
      const size = `${MAX_TAKE_BYTES / 1024 / 1024} MiB`;
      this.warn(`A stream was not recorded, since it was longer than ${size}.`);
      return;
    }
    if (recordings.length === 0) return;
    const change = failuresOnly
      ? (kept: readonly Recording[]) => [...kept, ...recordings].slice(-MAX_FAILED)
      : this.createReplacement(recordings);
    const written = file.update(change).catch((thrown: unknown) => {
      this.warn(`A stream was not recorded. ${toFailure(thrown).message}`);
    });
    this.writing = Promise.all([this.writing, written]).then(() => {});
  }

  /** A request that is recorded again takes the place of its recordings from earlier deploys. */
  private createReplacement(
    recordings: readonly Recording[],
  ): (kept: readonly Recording[]) => readonly Recording[] {
    const keys = recordings.map(({ request }) => toRequestKey(request));
    const fresh = new Set(keys.filter((key) => !this.recorded.has(key)));
    for (const key of keys) this.recorded.add(key);
    return (kept) => [...kept.filter(({ request }) => !fresh.has(toRequestKey(request))), ...recordings];
  }

  private warn(problem: string): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.options.warn(problem);
  }
}
