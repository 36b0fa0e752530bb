import { type Failure, toFailure } from "../../../core/failure.js";
import { createFailedResult, type ToolResult } from "../../../core/tools/result.js";
import { readCallResult } from "../../../mcp/result-text.js";
import type { CallProgress } from "../../../mcp/serving/tool-source.js";
import { requireMcpServer } from "../../mcp-server/lookup.js";
import type { AllowedCall } from "../calls/plan-calls.js";
import type { RouterEnvironment } from "../environment.js";

/** The run that waits for a call. */
export interface WaitingRun {
  handle(event: { type: "answered"; id: string; result: ToolResult }): void;
  /** @param text how far the call is, such as “3/10” */
  showProgress(text: string): void;
}

/** Beside the time that a tool has: the router's own clock has the last word. */
const EXTRA_MS = 5_000;

const UNKNOWN_OUTCOME = "It is not known whether the tool did its work.";

/** Makes calls at MCP servers, each once. */
export class ServerCalls {
  /** What ends the calls that are under way, by their runs. */
  private readonly open = new Map<string, AbortController[]>();

  constructor(
    private readonly router: RouterEnvironment,
    private readonly findRun: (key: string) => WaitingRun | undefined,
  ) {}

  /** @param traceparent of the span of the call, if there is one */
  make(run: string, call: AllowedCall, traceparent?: string): void {
    const controller = new AbortController();
    const { signal } = controller;
    this.open.set(run, [...(this.open.get(run) ?? []), controller]);
    this.router.host.run(async () => {
      const result = await this.call(run, call, signal, traceparent);
      if (!signal.aborted) this.findRun(run)?.handle({ type: "answered", id: call.call.id, result });
    });
  }

  /** Cancels the calls of a run. */
  forget(run: string): void {
    const controllers = this.open.get(run) ?? [];
    this.open.delete(run);
    for (const controller of controllers) controller.abort();
  }

  private async call(
    run: string,
    { tool, arguments: args }: AllowedCall,
    signal: AbortSignal,
    traceparent: string | undefined,
  ): Promise<ToolResult> {
    const { red, settings, warnings } = this.router;
    const { server, name } = tool!.remote!;
    try {
      const result = await requireMcpServer(red, server).call(name, args, {
        signal,
        traceparent,
        timeoutMs: settings.toolTimeout + EXTRA_MS,
        onProgress: (progress) => {
          if (!signal.aborted) this.findRun(run)?.showProgress(describeProgress(progress));
        },
      });
      return readCallResult(result, settings.maxResult);
    } catch (thrown) {
      const failure = toFailure(thrown);
      if (!signal.aborted) warnings.warn(failure.message);
      return createFailedResult(describeForModel(failure));
    }
  }
}

/** A model cannot look into logs, but it may have to know that something could have been done. */
function describeForModel({ code, message }: Failure): string {
  const [what = ""] = message.split(/(?<=[.:]) /, 1);
  return code === "interrupted" || code === "timeout" ? `${what} ${UNKNOWN_OUTCOME}` : message;
}

/** Writes how far a call is in a few characters. */
function describeProgress({ progress, total, message }: CallProgress): string {
  const count = typeof total === "number" && total > 0 ? `${progress}/${total}` : String(progress);
  return message ? `${count} ${message}`.slice(0, 40) : count;
}
