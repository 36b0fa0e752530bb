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

/** Receives what a program writes, and its end. The handlers must not throw: nobody would catch it. */
export interface ProcessEvents {
  /** A line of its standard output. */
  onLine(line: string): void;
  /** A line of its standard error, perhaps cut. */
  onErrorLine(line: string): void;
  /** The program has written a line that is too long. The rest of its standard output is dropped. */
  onFlood(): void;
  /** The program has ended. Called once if it was started. @param reason such as “exit code 1” */
  onExit(reason: string): void;
}

/** The longest line of standard output. Tools may return files as one line. */
const MAX_LINE_CHARS = 16 * 1024 * 1024;

/** The longest line of standard error that is passed on. */
const MAX_ERROR_LINE_CHARS = 500;

/** How long a program has to end after its standard input has ended, and then again after SIGTERM. */
const EXIT_GRACE_MS = 1_000;

/** How long the rest of the output of a program that has ended may take to arrive. */
const OUTPUT_GRACE_MS = 500;

/** The programs that run. They are killed when this process exits. */
const running = new Set<LineProcess>();

/** A child process that reads and writes lines on its standard input and output. When it is stopped, it ends for certain. */
export class LineProcess {
  private exited: Promise<void> = Promise.resolve();
  private isOver = false;

  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly options: ProcessOptions,
    private readonly events: ProcessEvents,
  ) {}

  /** Starts a program. @throws Error with a `code` such as ENOENT if it cannot be started */
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

  /** Writes a line to its standard input. @returns false if the program takes no more input */
  write(line: string): boolean {
    const { stdin } = this.child;
    if (this.isOver || !stdin.writable) return false;
    stdin.write(`${line}\n`);
    return true;
  }

  /**
   * Ends the program: closes its input, sends SIGTERM after one second and SIGKILL after two. Resolves when it has ended. May
   * be called more than once.
   */
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
      // It has ended already.
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
      let isReported = false;
      let reason = "";
      const report = () => {
        if (isReported) return;
        isReported = true;
        errors.end();
        events.onExit(reason);
        resolve();
      };
      child.once("exit", (code, signal) => {
        reason = signal ? `signal ${signal}` : `exit code ${code ?? 0}`;
        this.isOver = true;
        running.delete(this);
        if (running.size === 0) process.removeListener("exit", killAll);
        // Processes that it has started are of no use without it.
        this.kill("SIGKILL");
        // The rest of its output is still in the pipes. A process that has left its group may hold them open.
        const timer = this.options.clock.setTimer(report, OUTPUT_GRACE_MS);
        child.once("close", () => {
          this.options.clock.clearTimer(timer);
          report();
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
