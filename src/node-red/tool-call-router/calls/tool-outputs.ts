import type { Tool } from "../../../core/tools/definitions.js";
import { readCalledName } from "../../../core/tools/name.js";
import { replaceTags } from "../../messages/ask-tags.js";
import { inheritProperties } from "../../messages/inherited-properties.js";
import type { Message, Send } from "../../red/api.js";
import { isWired } from "../../red/wiring.js";
import type { ToolCallTag } from "../classify.js";
import type { RouterEnvironment } from "../environment.js";
import type { RunRecord } from "../record.js";
import { LinkCalls, type LinkedCall } from "./link-calls.js";
import type { AllowedCall } from "./plan-calls.js";

/** Outputs before those of the tools: the stream, and requests. */
const OUTPUTS_BEFORE_TOOLS = 2;

/** The ways from the model to the tools: an output each, or a link. */
export class ToolCalls {
  private readonly links: LinkCalls;

  /** @param onReturn gets what a linked tool returns; `call` is undefined if nobody waits for it */
  constructor(
    private readonly router: RouterEnvironment,
    onReturn: (call: LinkedCall | undefined, message: Message) => void,
  ) {
    this.links = new LinkCalls(router.red, router.node, onReturn);
  }

  /**
   * @param tool undefined for a tool that came with the request
   * @returns why a call cannot get to its tool, for the author; undefined if it can
   */
  findMissing(tool: Tool | undefined, name: string): string | undefined {
    if (tool?.link !== undefined) {
      if (this.links.find(tool.link)) return undefined;
      return `The tool “${name}” calls a link in node that does not exist. Choose another one in its row.`;
    }
    // The node itself calls the server.
    if (tool?.remote && tool.output === undefined) return undefined;
    const output = this.findOutput(tool);
    if (isWired(this.router.red, this.router.node, output)) return undefined;
    return `The model called the tool “${name}”, and no enabled node is wired to its output (${output + 1}).`;
  }

  /**
   * Sends a call to its tool: a copy, so that what its receiver does with it reaches neither this node nor other calls.
   * @param traceparent of the span of the call, if there is one
   */
  make(record: RunRecord, call: AllowedCall, send: Send, traceparent?: string): void {
    const { host, node } = this.router;
    const message = composeCall(record, node.id, call);
    if (traceparent !== undefined) message["traceparent"] = traceparent;
    this.send(call.tool, { run: record.key, id: call.call.id }, host.clone(message), send);
  }

  /** Sends the message of a call to its tool. */
  send(tool: Tool | undefined, call: LinkedCall, message: Message, send: Send): void {
    const link = tool?.link === undefined ? undefined : this.links.find(tool.link);
    if (link) link(call, message);
    else send(toOutput(message, this.findOutput(tool)));
  }

  /** Answers of a run's linked tools are late from here on. */
  forget(run: string): void {
    this.links.forget(run);
  }

  private findOutput(tool: Tool | undefined): number {
    return OUTPUTS_BEFORE_TOOLS + (tool?.output ?? this.router.settings.toolOutputs);
  }
}

/**
 * Composes a call on its way to its tool. What belongs to the run's own stream stays behind. The `_msgid` tells an answer
 * that has lost its `toolCall` from a request: a function node that returns a new object keeps that much.
 */
function composeCall(
  { key: run, round, last }: RunRecord,
  node: string,
  { call: { id, call }, arguments: args }: AllowedCall,
): Message {
  const { toolCall: outer, ...riding } = inheritProperties(last!);
  const tag: ToolCallTag = { id, name: readCalledName(call), arguments: args, round, run, node };
  if (outer !== undefined) tag.outer = outer;
  return { ...replaceTags(riding, []), _msgid: run, payload: structuredClone(args), toolCall: tag };
}

function toOutput(message: Message, output: number): (Message | null)[] {
  return [...Array<null>(output).fill(null), message];
}
