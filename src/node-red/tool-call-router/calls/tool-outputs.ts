import type { Tool } from "../../../core/tools/definitions.js";
import { readCalledName } from "../../../core/tools/name.js";
import type { Message, Send } from "../../red/api.js";
import { isWired } from "../../red/wiring.js";
import type { ToolCallTag } from "../classify.js";
import type { RouterEnvironment } from "../environment.js";
import type { RunRecord } from "../record.js";
import { composeCall } from "../requests.js";
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
  make(
    record: RunRecord,
    { call, tool, arguments: args }: AllowedCall,
    send: Send,
    traceparent?: string,
  ): void {
    const { id } = call;
    const name = readCalledName(call.call);
    const tag: ToolCallTag = {
      id,
      name,
      arguments: args,
      round: record.round,
      run: record.key,
      node: this.router.node.id,
    };
    const message = composeCall(record, tag);
    if (traceparent !== undefined) message["traceparent"] = traceparent;
    this.send(tool, { run: record.key, id }, this.router.host.clone(message), send);
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

function toOutput(message: Message, output: number): (Message | null)[] {
  return [...Array<null>(output).fill(null), message];
}
