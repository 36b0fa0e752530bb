import type { Clock } from "../core/clock.js";
import { Failure } from "../core/failure.js";
import { limitWait } from "../core/lifecycle/limit-wait.js";
import { Slots } from "../core/lifecycle/slots.js";
import { describeServerFailure, readHttpStatus } from "./describe-failure.js";
import { type OpenedClient, openClient } from "./open-client.js";
import type { ServerSettings } from "./server-settings.js";
import { type McpTool, readToolList } from "./tool-list.js";

/** What a server says about itself. */
export interface ServerIdentity {
  name: string;
  version: string;
  /** The version of MCP that both speak. */
  protocol: string;
}

/** What the owner of a connection learns. */
export interface ConnectionEvents {
  /** A line of the server's log. */
  onLog(line: string): void;
  /** Something about the server that its author should know. */
  onProblem(text: string): void;
}

/** How a tool is called. */
export interface CallOptions {
  signal: AbortSignal;
  /** Milliseconds without a sign of life. */
  timeoutMs: number;
  /** Called for each report of progress. */
  onProgress(progress: { progress: number; total?: number | undefined; message?: string | undefined }): void;
  /** The span that the call belongs to (W3C Trace Context), for a server that traces. */
  traceparent?: string | undefined;
}

type State = { phase: "idle" } | { phase: "connecting"; ready: Promise<Ready> } | Ready | { phase: "closed" };

interface Ready {
  phase: "ready";
  opened: OpenedClient;
  tools: readonly McpTool[];
  /** When the tools were listed. */
  listedAt: number;
  /** The renewal of the list that is under way. */
  renewal: Promise<void> | undefined;
}

/** How long a server that has just failed is not asked again. */
const MIN_RECONNECT_MS = 1_000;

/** Not every server tells when its tools change, so the list is renewed after a while. */
const MAX_LIST_AGE_MS = 60_000;

/** Calls at once, and calls that wait. */
const MAX_CALLS = 32;
const MAX_WAITING_CALLS = 1_000;

/** A connection to an MCP server. It is opened when it is needed, and again if it was lost. Calls are never repeated. */
export class McpConnection {
  private state: State = { phase: "idle" };
  private readonly slots = new Slots(MAX_CALLS, MAX_WAITING_CALLS);
  private failure: { failure: Failure; at: number } | undefined;
  /** The tools as they were listed last. Kept when the connection is lost. */
  private known: readonly McpTool[] = [];
  private readonly opening = new AbortController();
  private closing: Promise<void> = Promise.resolve();

  constructor(
    private readonly server: ServerSettings,
    private readonly clock: Clock,
    private readonly events: ConnectionEvents,
  ) {}

  /** The tools as far as they are known. */
  get tools(): readonly McpTool[] {
    return this.known;
  }

  /** Whether the list of tools is here and connected to. */
  get isReady(): boolean {
    return this.state.phase === "ready";
  }

  /**
   * Connects, if there is no connection, and renews an old list of tools.
   * @throws Failure that says why there is none
   */
  async open(): Promise<void> {
    const { listedAt } = await this.connect();
    if (this.clock.now() - listedAt > MAX_LIST_AGE_MS) void this.renew();
  }

  /** @returns what the server says about itself, and its tools, listed anew. @throws Failure */
  async test(): Promise<{ identity: ServerIdentity; tools: readonly McpTool[] }> {
    const ready = await this.connect();
    const { client } = ready.opened;
    await this.renew();
    const { name = "", version = "" } = client.getServerVersion() ?? {};
    return {
      identity: { name, version, protocol: client.getNegotiatedProtocolVersion() ?? "" },
      tools: this.known,
    };
  }

  /**
   * Calls a tool.
   * @returns the result as the server sent it
   * @throws Failure; what the signal aborted, too
   */
  async call(name: string, args: Record<string, unknown>, options: CallOptions): Promise<unknown> {
    const release = await this.takeSlot(options.signal);
    try {
      return await this.send(name, args, options);
    } finally {
      release();
    }
  }

  /** Closes the connection; a server's program is over then. Does not throw. */
  close(): Promise<void> {
    const { state } = this;
    this.state = { phase: "closed" };
    this.opening.abort();
    if (state.phase === "ready") this.closing = state.opened.close();
    else if (state.phase === "connecting")
      this.closing = state.ready.then(({ opened }) => opened.close()).catch(() => {});
    return this.closing;
  }

  private async send(name: string, args: Record<string, unknown>, options: CallOptions): Promise<unknown> {
    const ready = await this.connect();
    const tool = ready.tools.find((one) => one.name === name);
    const { timeoutMs: timeout, signal, onProgress: onprogress, traceparent } = options;
    const meta = traceparent === undefined ? {} : { _meta: { traceparent } };
    const request = ({ opened }: Ready) =>
      opened.client.callTool(
        { name, arguments: args, ...meta },
        {
          timeout,
          signal,
          onprogress,
          resetTimeoutOnProgress: true,
          // Without the schema of results: a result that breaks it can be read all the same.
          toolDefinition: { name, inputSchema: { type: "object", ...tool?.parameters } },
        },
      );
    try {
      return await request(ready);
    } catch (thrown) {
      if (signal.aborted) throw new Failure("cancelled", "The call was cancelled.");
      if (readHttpStatus(thrown) !== 404) throw this.describe(thrown, ready);
      // The server does not know this session any more, so it has not seen the call.
      this.lose(ready);
      const next = await this.connect();
      return await request(next).catch((again: unknown) => {
        throw this.describe(again, next);
      });
    }
  }

  /** Notes what a failure means for the connection. */
  private describe(thrown: unknown, ready: Ready): Failure {
    const failure = describeServerFailure(thrown, this.server);
    if (isLoss(failure)) this.lose(ready);
    return failure;
  }

  private lose(ready: Ready): void {
    if (this.state !== ready) return;
    this.state = { phase: "idle" };
    void ready.opened.close();
  }

  private async connect(): Promise<Ready> {
    const { state } = this;
    if (state.phase === "ready") return state;
    if (state.phase === "connecting") return state.ready;
    if (state.phase === "closed") throw new Failure("cancelled", "The mcp-server node has been closed.");
    const { failure } = this;
    if (failure && this.clock.now() - failure.at < MIN_RECONNECT_MS) throw failure.failure;
    const ready = this.establish().catch((thrown: unknown) => {
      const described = describeServerFailure(thrown, this.server);
      this.failure = { failure: described, at: this.clock.now() };
      if (this.state.phase === "connecting") this.state = { phase: "idle" };
      throw described;
    });
    this.state = { phase: "connecting", ready };
    return ready;
  }

  private async establish(): Promise<Ready> {
    const ready: { now?: Ready } = {};
    const attempt = new AbortController();
    const signal = AbortSignal.any([attempt.signal, this.opening.signal]);
    const events = {
      onLog: (line: string) => this.events.onLog(line),
      onToolsChanged: () => void this.renew(),
      onLost: () => {
        if (ready.now) this.lose(ready.now);
      },
    };
    const opening = openClient(this.server, this.clock, events, signal);
    const opened = await this.limit(opening).catch((thrown: unknown) => {
      attempt.abort();
      opening.then((late) => late.close()).catch(() => {});
      throw thrown;
    });
    try {
      const tools = await this.list(opened);
      if (this.state.phase === "closed")
        throw new Failure("cancelled", "The mcp-server node has been closed.");
      ready.now = { phase: "ready", opened, tools, listedAt: this.clock.now(), renewal: undefined };
      this.known = tools;
      this.state = ready.now;
      this.failure = undefined;
      return ready.now;
    } catch (thrown) {
      await opened.close();
      throw thrown;
    }
  }

  /** Lists the tools again. The old list stays if that fails. */
  private async renew(): Promise<void> {
    const { state } = this;
    if (state.phase !== "ready") return;
    state.renewal ??= this.list(state.opened)
      .then((tools) => {
        state.tools = tools;
        state.listedAt = this.clock.now();
        if (this.state === state) this.known = tools;
      })
      .catch((thrown: unknown) => this.events.onProblem(this.describe(thrown, state).message))
      .finally(() => {
        state.renewal = undefined;
      });
    return state.renewal;
  }

  private async list({ client }: OpenedClient): Promise<McpTool[]> {
    const { connectTimeout: timeout } = this.server;
    const answer = await this.limit(client.listTools(undefined, { timeout, cacheMode: "refresh" }));
    const { tools, problems } = readToolList(answer.tools);
    for (const problem of problems) this.events.onProblem(`The MCP server “${this.server.name}”: ${problem}`);
    return tools;
  }

  private limit<T>(work: Promise<T>): Promise<T> {
    const { clock, server } = this;
    return limitWait(clock, work, server.connectTimeout, () =>
      describeServerFailure({ code: "REQUEST_TIMEOUT" }, server),
    );
  }

  private takeSlot(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const ticket = this.slots.acquire(() => setImmediate(() => resolve(() => ticket?.release())));
      if (!ticket)
        reject(
          new Failure(
            "overloaded",
            `The MCP server “${this.server.name}” has too many calls waiting. Call fewer at once.`,
          ),
        );
      signal.addEventListener("abort", () => {
        ticket?.release();
        reject(new Failure("cancelled", "The call was cancelled."));
      });
    });
  }
}

/** Whether the connection is of no use after a failure. */
function isLoss({ code }: Failure): boolean {
  return code === "interrupted" || code === "connection";
}
