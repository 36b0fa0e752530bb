import { randomUUID } from "node:crypto";
import { isObject } from "../../../core/json/parse.js";
import { RecentMap } from "../../../core/lifecycle/recent-map.js";
import type { Tool } from "../../../core/tools/definitions.js";
import { readFunction } from "../../../core/tools/name.js";
import { createFailedResult, type ToolResult } from "../../../core/tools/result.js";
import type { ClientCall, SharedTool, ToolSource } from "../../../mcp/serving/tool-source.js";
import { type EndpointNode, findEndpoint } from "../../chat-endpoint/lookup.js";
import type { Message } from "../../red/api.js";
import { logWarning } from "../../red/log.js";
import { nameCall } from "../../runs/call-names.js";
import { cancels } from "../../runs/cancels.js";
import { ToolAnswers } from "../calls/answers.js";
import type { ToolCalls } from "../calls/tool-outputs.js";
import type { ToolCallTag } from "../classify.js";
import type { RouterEnvironment } from "../environment.js";

/** A call of a client that waits for its tool. */
interface OpenCall {
  answers: ToolAnswers;
  call: ClientCall;
  finish(result: ToolResult): void;
}

/** Calls that ended lately: what still comes of them is late. */
const MAX_REMEMBERED = 1_000;

/** Calls of clients that may wait at once. */
const MAX_OPEN = 1_000;

/** Id of a call in its run: each has its own. */
const CALL_ID = "call";

/** Offers the drawn tools of a router to the MCP clients of an endpoint. Each call leaves as a model's does. */
export class SharedTools implements ToolSource {
  readonly tools: readonly SharedTool[];
  private readonly endpoint: EndpointNode | undefined;
  private readonly open = new Map<string, OpenCall>();
  private readonly ended = new RecentMap<true>(MAX_REMEMBERED);

  constructor(
    private readonly router: RouterEnvironment,
    private readonly outputs: ToolCalls,
  ) {
    const { red, node, settings } = router;
    this.tools = [...settings.tools.values()].map(toSharedTool);
    if (settings.endpoint === "") return;
    this.endpoint = findEndpoint(red, settings.endpoint);
    const taken = this.endpoint?.runtime.tools.offer(this) ?? [];
    if (!this.endpoint)
      logWarning(node, "The chat-endpoint that is to offer these tools does not exist. Choose another one.");
    else if (taken.length > 0)
      logWarning(
        node,
        `Another tool-call-router at this endpoint already offers ${taken.map((name) => `“${name}”`).join(", ")}. Choose other names.`,
      );
  }

  /** Whether a call has this key, or had it lately. */
  has(key: string): boolean {
    return this.open.has(key) || this.ended.has(key);
  }

  call(call: ClientCall): Promise<ToolResult> {
    const tool = this.router.settings.tools.get(call.name)!;
    const missing = this.outputs.findMissing(tool, call.name);
    if (missing !== undefined) logWarning(this.router.node, missing);
    if (missing !== undefined || this.open.size >= MAX_OPEN)
      return Promise.resolve(createFailedResult(`The tool "${call.name}" is not available.`));
    return new Promise((resolve) => this.begin(tool, call, resolve));
  }

  /**
   * Takes a message with the tag of a call: its answer, or with `msg.progress` how far it is.
   * @returns false if no call waits for it
   */
  take(key: string, message: Message): boolean {
    const open = this.open.get(key);
    if (!open) return false;
    const { progress } = message;
    if (isObject(progress) && typeof progress["progress"] === "number") {
      open.call.onProgress(progress as unknown as { progress: number });
      return true;
    }
    const result = open.answers.take(CALL_ID, message, this.router.settings.maxResult);
    if (result) open.finish(result);
    return true;
  }

  close(): void {
    this.endpoint?.runtime.tools.withdraw(this);
    for (const { finish } of [...this.open.values()])
      finish(createFailedResult("The flow of the tool was deployed again."));
  }

  private begin(tool: Tool, call: ClientCall, resolve: (result: ToolResult) => void): void {
    const key = randomUUID();
    const { node, host, settings } = this.router;
    const { toolTimeout } = settings;
    const { clock } = host;
    const finish = (result: ToolResult) => {
      clock.clearTimer(timer);
      call.signal.removeEventListener("abort", leave);
      this.open.delete(key);
      this.ended.set(key, true);
      this.outputs.forget(key);
      resolve(result);
    };
    const giveUp = (reason: string) => {
      finish(createFailedResult(reason));
      cancels.cancel(nameCall(key, CALL_ID));
    };
    const leave = () => giveUp("The call was cancelled.");
    const timer = clock.setTimer(
      () => giveUp(`The tool timed out: no answer came within ${toolTimeout / 1000} s.`),
      toolTimeout,
    );
    call.signal.addEventListener("abort", leave);
    this.open.set(key, { answers: new ToolAnswers(), call, finish });
    const tag: ToolCallTag = {
      id: CALL_ID,
      name: call.name,
      arguments: call.arguments,
      round: 1,
      run: key,
      node: node.id,
    };
    const message: Message = {
      _msgid: key,
      payload: structuredClone(call.arguments),
      toolCall: tag,
      client: { name: call.client },
    };
    host.run(() => this.outputs.send(tool, { run: key, id: CALL_ID }, message, (out) => node.send(out)));
  }
}

function toSharedTool({ name, definition, check }: Tool): SharedTool {
  const { description = "", parameters = {} } = readFunction(definition) ?? {};
  return { name, description: String(description), parameters: parameters as Record<string, unknown>, check };
}
