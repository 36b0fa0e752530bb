import { readCalledName } from "../../core/tools/name.js";
import type { ToolResult } from "../../core/tools/result.js";
import type { RoundCall } from "../../core/tools/round.js";
import { readFailure } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";
import { isContentWanted, writeValue } from "./content.js";
import { loadTraceApi, type TraceApi } from "./load-api.js";
import { OpenSpan } from "./open-span.js";
import { findParentOfAttempt, type TraceParent } from "./parent.js";
import { describeAgent, describeCall, describeRun, type RunSummary } from "./run-conventions.js";
import { recordCall, recordRun } from "./run-metrics.js";

/** A call that a run makes. */
interface MadeCall {
  call: Pick<RoundCall, "id" | "call">;
  tool: { remote?: unknown } | undefined;
  arguments: Record<string, unknown>;
}

/** What happens to a run, as far as it tells of calls. */
interface CallEvent {
  type: string;
  id?: string;
  result?: ToolResult;
}

/** How a run ends. */
interface RunEnd {
  /** Code of a failure of the run itself; `""` without one. Its last turn may have failed all the same. */
  code: string;
  isCancelled: boolean;
}

/** A span that is open, and the SDK that it belongs to. */
interface TracedSpan {
  api: TraceApi;
  span: OpenSpan;
}

/** A call that waits for its answer. */
interface OpenCall extends TracedSpan {
  tool: string;
  startedAt: number;
}

/**
 * The trace of a run: a span `invoke_agent`, below which its requests have theirs, and a span `execute_tool` for each call.
 * Without an SDK it does nothing.
 */
export class RunTrace {
  private open: TracedSpan | undefined;
  private readonly calls = new Map<string, OpenCall>();
  private callCount = 0;
  private readonly startedAt: number;

  /**
   * Begins the span of a run. Call it while the message is handled that asks for the run: its surroundings are the parent.
   * @param name of the node
   * @param now milliseconds of a monotonic clock
   */
  constructor(
    message: TraceParent,
    private readonly name: string,
    private readonly now: () => number,
  ) {
    this.startedAt = now();
    this.open = beginRun(message, name);
  }

  /** Sends a request of the run within its span. */
  ask(message: Message, send: (message: Message) => void): void {
    if (this.open) this.open.span.run(() => send(this.mark(message)));
    else send(message);
  }

  /** @returns the message, which belongs to the caller, with the span of the run */
  mark(message: Message): Message {
    const traceparent = this.open?.span.traceparent;
    if (traceparent !== undefined) message["traceparent"] = traceparent;
    return message;
  }

  /**
   * Makes a call within a span of its own. A call that comes back with its approval goes on in the span that it has.
   * @param make gets the `traceparent` of the span
   */
  call({ call, tool, arguments: args }: MadeCall, make: (traceparent: string | undefined) => void): void {
    const open = this.calls.get(call.id) ?? this.openCall(call, tool?.remote !== undefined);
    if (!open) {
      make(undefined);
      return;
    }
    if (isContentWanted()) open.span.add({ "gen_ai.tool.call.arguments": writeValue(args) });
    open.span.run(() => make(open.span.traceparent));
  }

  /** Notes an answer, or that the tools' time is up. */
  note({ type, id, result }: CallEvent): void {
    if (this.calls.size === 0) return;
    if (type === "toolsTimedOut") this.endCalls("timeout");
    else if (type === "answered" && id !== undefined) {
      if (result && isContentWanted())
        this.calls.get(id)?.span.add({ "gen_ai.tool.call.result": writeValue(result.text) });
      this.endCall(id, result?.failed ? "tool_error" : "");
    }
  }

  /** Ends the spans of all calls that have no answer. @param code why; `""` if nobody waits any more */
  endCalls(code: string): void {
    for (const id of [...this.calls.keys()]) this.endCall(id, code);
  }

  /** Ends the span of the run. The first end counts. */
  end(run: RunSummary, { code: ownCode, isCancelled }: RunEnd): void {
    const { open } = this;
    if (!open) return;
    const code = ownCode || (run.last && readFailure(run.last)?.code) || "";
    this.endCalls("");
    this.open = undefined;
    try {
      const seconds = (this.now() - this.startedAt) / 1000;
      recordRun(open.api, this.name, { seconds, code, requests: run.attempts, calls: this.callCount });
    } catch {
      // The run ends without a measurement.
    }
    open.span.add(describeRun(run, code === "" && !isCancelled));
    open.span.end(code);
  }

  private openCall(call: MadeCall["call"], isRemote: boolean): OpenCall | undefined {
    if (!this.open) return undefined;
    const { api, span: run } = this.open;
    const tool = readCalledName(call.call);
    const attributes = describeCall({ id: call.id, tool, isRemote }, this.name);
    const span = OpenSpan.begin(api, `execute_tool ${tool}`, attributes, run.context);
    if (!span) return undefined;
    const open: OpenCall = { api, span, tool, startedAt: this.now() };
    this.calls.set(call.id, open);
    this.callCount++;
    return open;
  }

  private endCall(id: string, code: string): void {
    const open = this.calls.get(id);
    if (!open) return;
    this.calls.delete(id);
    try {
      recordCall(open.api, open.tool, (this.now() - open.startedAt) / 1000, code);
    } catch {
      // The call ends without a measurement.
    }
    open.span.end(code);
  }
}

function beginRun(message: TraceParent, name: string): TracedSpan | undefined {
  const api = loadTraceApi();
  if (!api) return undefined;
  try {
    const parent = findParentOfAttempt(api, message).context;
    const span = OpenSpan.begin(api, `invoke_agent ${name}`, describeAgent(name), parent);
    return span && { api, span };
  } catch {
    return undefined;
  }
}
