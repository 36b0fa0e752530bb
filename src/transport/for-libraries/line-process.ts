import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Clock } from "../../core/clock.js";

/** A program to start. */
export interface ProcessOptions {
  command: string;
  args: readonly string[];
  /** All its environment variables: it inherits none by itself. */
  env: Readonly<Record<string, string>>;
  /** Its working directory. Default: that of this process. */
  cwd?: string;
  clock: Clock;
}

/** What a program says and does. Each handler is called outside of any message, so it must not throw. */
export interface ProcessEvents {
  /** A line of its standard output. */
  onLine(line: string): void;
  /** A line of its standard error, perhaps cut. */
  onErrorLine(line: string): void;
  /** The program has said a line that is too long; the rest of what it says is dropped. */
  onFlood(): void;
  /** It is over. Called once if it was started. @param reason such as “exit code 1” */
  onExit(reason: string): void;
}

/** The longest line of standard output. Tools may return files as one line. */
const MAX_LINE_CHARS = 16 * 1024 * 1024;

/** The longest line of standard error that is passed on. */
const MAX_ERROR_LINE_CHARS = 500;

/** How long a program has to end after its standard input has ended, and then again after SIGTERM. */
const EXIT_GRACE_MS = 1_000;

/** How long the last words of a program that is over may take to arrive. */
const LAST_WORDS_MS = 500;

/** Programs that run, so that none outlives this process. */
const running = new Set<LineProcess>();

/** A program that is talked to by lines: its standard input and output. It ends for sure when it is stopped. */
export class LineProcess {
  private exited: Promise<void> = Promise.resolve();
  private isOver = false;

  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly options: ProcessOptions,
    private readonly events: ProcessEvents,
  ) {}

  /** @throws Error with a `code` such as ENOENT if the program cannot be started */
  static start(options: ProcessOptions, events: ProcessEvents): Promise<LineProcess> {
    const isWindows = process.platform === "win32";
    return new Promise((resolve, reject) => {
      const child = spawn(options.command, [...options.args], {
        env: { ...options.env },
        cwd: options.cwd,
        // A group of its own, so that what the program has started ends with it.
        detached: !isWindows,
        // Programs such as npx are scripts there.
        shell: isWindows,
        windowsHide: true,
      });
      child.on("error", reject);
      child.once("spawn", () => {
        const started = new LineProcess(child, options, events);
        started.listen();
        resolve(started);
      });
    });
  }

  /** @returns false if the program takes nothing any more */
  write(line: string): boolean {
    const { stdin } = this.child;
    if (this.isOver || !stdin.writable) return false;
    stdin.write(`${line}\n`);
    return true;
  }

  /** Ends the program: kindly first, by force after two seconds. Resolves once it is over. */
  stop(): Promise<void> {
    const { clock } = this.options;
    if (this.isOver) return this.exited;
    this.child.stdin.end();
    const terminate = clock.setTimer(() => this.kill("SIGTERM"), EXIT_GRACE_MS);
    const kill = clock.setTimer(() => this.kill("SIGKILL"), 2 * EXIT_GRACE_MS);
    return this.exited.then(() => {
      clock.clearTimer(terminate);
      clock.clearTimer(kill);
    });
  }

  /** Sends a signal to the program and all that it has started. */
  kill(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    try {
      if (pid !== undefined && process.platform !== "win32") process.kill(-pid, signal);
      else this.child.kill(signal);
    } catch {
      // It is over already.
    }
  }

  private listen(): void {
    const { child, events } = this;
    if (running.size === 0) process.once("exit", killAll);
    running.add(this);
    const output = new LineSplitter(MAX_LINE_CHARS, (line) => events.onLine(line));
    const errors = new LineSplitter(MAX_ERROR_LINE_CHARS, (line) => events.onErrorLine(line), true);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (output.isFlooded) return;
      output.add(text);
      if (output.isFlooded) events.onFlood();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => errors.add(text));
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => {});
    this.exited = new Promise((resolve) => {
      let isTold = false;
      let reason = "";
      const tell = () => {
        if (isTold) return;
        isTold = true;
        errors.end();
        events.onExit(reason);
        resolve();
      };
      child.once("exit", (code, signal) => {
        reason = signal ? `signal ${signal}` : `exit code ${code ?? 0}`;
        this.isOver = true;
        running.delete(this);
        if (running.size === 0) process.removeListener("exit", killAll);
        // What it has started is nothing without it.
        this.kill("SIGKILL");
        // Its last words are still in the pipes, which something that left its group may hold open.
        const timer = this.options.clock.setTimer(tell, LAST_WORDS_MS);
        child.once("close", () => {
          this.options.clock.clearTimer(timer);
          tell();
        });
      });
    });
  }
}

function killAll(): void {
  for (const one of running) one.kill("SIGKILL");
}

/** Cuts a text that comes in pieces into lines of a bounded length. */
class LineSplitter {
  /** Whether a line was too long. */
  isFlooded = false;
  private rest = "";

  constructor(
    private readonly maxChars: number,
    private readonly onLine: (line: string) => void,
    /** Whether a line that is too long is passed on in pieces. */
    private readonly cutsLines = false,
  ) {}

  add(text: string): void {
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      const line = this.rest + text.slice(start, end);
      this.rest = "";
      this.pass(line);
      start = end + 1;
    }
    this.rest += text.slice(start);
    if (this.rest.length <= this.maxChars) return;
    if (this.cutsLines) this.end();
    else this.isFlooded = true;
  }

  /** Passes on what has no end of line. */
  end(): void {
    const { rest } = this;
    this.rest = "";
    this.pass(rest);
  }

  private pass(line: string): void {
    const text = line.endsWith("\r") ? line.slice(0, -1) : line;
    if (text !== "") this.onLine(this.cutsLines ? text.slice(0, this.maxChars) : text);
  }
}
