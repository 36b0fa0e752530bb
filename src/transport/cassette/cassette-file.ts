import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Failure, readReason } from "../../core/failure.js";
import { formatCassette, parseCassette } from "./cassette-format.js";
import { findCassettePath } from "./cassette-path.js";
import type { Recording } from "./recording.js";

/** The largest cassette that is written or read. It is one text, whose reading and writing holds up everything else. */
const MAX_CASSETTE_BYTES = 16 * 1024 * 1024;

/** Recordings are what people asked and were answered, so the file is for its owner alone. */
const OWNER_ONLY = 0o600;

/** The latest work on each file. Several providers may record into the same one. */
const work = new Map<string, Promise<void>>();

/** The file of a cassette. */
export class CassetteFile {
  /** What was read, and how to see whether the file has changed since. */
  private known: { recordings: Recording[]; stamp: string } | undefined;

  /**
   * @param directory the user directory
   * @param name the file as the author has entered it
   */
  constructor(
    private readonly directory: string,
    readonly name: string,
  ) {}

  /**
   * Reads the recordings, again if the file has changed: then the list is another object.
   * @throws Failure `configuration` if there is no such cassette, or it is broken
   */
  async read(): Promise<readonly Recording[]> {
    const recordings = await this.readIfAny(await findCassettePath(this.directory, this.name));
    if (recordings) return recordings;
    throw new Failure(
      "configuration",
      `The cassette “${this.name}” does not exist. Record it first: set the provider to record, deploy, and ask.`,
    );
  }

  /**
   * Changes the recordings, after all changes that came before. The file is replaced as a whole.
   * @throws Failure `configuration` if the file cannot be written or is no cassette, `limit` if it would be too large
   */
  async update(change: (recordings: readonly Recording[]) => readonly Recording[]): Promise<void> {
    const path = await findCassettePath(this.directory, this.name);
    const before = work.get(path) ?? Promise.resolve();
    const done = before.then(async () => {
      const text = formatCassette(change((await this.readIfAny(path)) ?? []));
      if (Buffer.byteLength(text) > MAX_CASSETTE_BYTES) {
        throw new Failure(
          "limit",
          `The cassette “${this.name}” is full (${MAX_CASSETTE_BYTES / 1024 / 1024} MiB). Delete it, or record into another file.`,
        );
      }
      await this.write(path, text);
    });
    const settled = done.catch(() => {});
    work.set(path, settled);
    void settled.then(() => {
      if (work.get(path) === settled) work.delete(path);
    });
    await done;
  }

  private async readIfAny(path: string): Promise<Recording[] | undefined> {
    const info = await stat(path).catch(() => undefined);
    if (!info) return undefined;
    const stamp = `${info.mtimeMs} ${info.size} ${info.ino}`;
    if (this.known?.stamp === stamp) return this.known.recordings;
    if (info.size > MAX_CASSETTE_BYTES) {
      throw new Failure("limit", `The cassette “${this.name}” is too large. Choose another file.`);
    }
    const text = await readFile(path, "utf8").catch((thrown: unknown) => this.fail("read", thrown));
    const recordings = parseCassette(text, this.name);
    this.known = { recordings, stamp };
    return recordings;
  }

  private async write(path: string, text: string): Promise<void> {
    this.known = undefined;
    const draft = `${path}.${process.pid}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(draft, text, { mode: OWNER_ONLY });
      await chmod(draft, OWNER_ONLY);
      await rename(draft, path);
    } catch (thrown) {
      await rm(draft, { force: true }).catch(() => {});
      this.fail("written", thrown);
    }
  }

  private fail(verb: string, thrown: unknown): never {
    throw new Failure(
      "configuration",
      `The cassette “${this.name}” cannot be ${verb}: ${readReason(thrown)}.`,
    );
  }
}
