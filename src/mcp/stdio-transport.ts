import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import type { Clock } from "../core/clock.js";
import { isObject, tryParseJson } from "../core/json/parse.js";
import { LineProcess } from "../transport/for-libraries/line-process.js";
import type { StdioServer } from "./server-settings.js";

/** Environment variables that every server gets: enough to find programs and files, and no keys. */
const INHERITED = [
  "HOME",
  "LANG",
  "LOGNAME",
  "PATH",
  "SHELL",
  "TERM",
  "TMPDIR",
  "USER",
  "APPDATA",
  "COMSPEC",
  "HOMEDRIVE",
  "HOMEPATH",
  "LOCALAPPDATA",
  "PATHEXT",
  "PROGRAMDATA",
  "PROGRAMFILES",
  "SYSTEMDRIVE",
  "SYSTEMROOT",
  "TEMP",
  "USERPROFILE",
  "WINDIR",
];

/** What the owner of a server's program learns beside the messages. */
export interface ProgramWatch {
  /** A line that the program wrote for people. */
  onLog(line: string): void;
  /** The program is over. @param reason such as “exit code 1” */
  onExit(reason: string): void;
}

/** Carries messages to a program and back, one a line. What is no message is dropped and logged. */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  // The library tells programs from servers on the network by these two.
  readonly stderr = null;
  readonly pid = null;
  private program: LineProcess | undefined;
  private isClosed = false;

  constructor(
    private readonly server: StdioServer,
    private readonly clock: Clock,
    private readonly watch: ProgramWatch,
  ) {}

  async start(): Promise<void> {
    const { command, args, env, cwd } = this.server;
    const inherited = INHERITED.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    });
    this.program = await LineProcess.start(
      {
        command,
        args,
        env: { ...Object.fromEntries(inherited), ...env },
        clock: this.clock,
        ...(cwd ? { cwd } : {}),
      },
      {
        onLine: (line) => this.read(line),
        onErrorLine: (line) => this.watch.onLog(line),
        onFlood: () => {
          this.watch.onLog("(The program wrote a line without end to its standard output, and was ended.)");
          void this.close();
        },
        onExit: (reason) => {
          this.watch.onExit(reason);
          this.end();
        },
      },
    );
    if (this.isClosed) await this.program.stop();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!this.program?.write(JSON.stringify(message)))
      throw new Error("The program takes no messages any more.");
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.program?.stop();
    this.end();
  }

  private read(line: string): void {
    const message = tryParseJson(line);
    if (isObject(message) && message["jsonrpc"] === "2.0") this.onmessage?.(message as JSONRPCMessage);
    else this.watch.onLog(line.slice(0, 500));
  }

  private end(): void {
    const { onclose } = this;
    delete this.onclose;
    onclose?.();
  }
}
