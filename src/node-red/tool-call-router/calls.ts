import type { Clock } from "../../core/clock.js";
import { checkCall } from "../../core/tools/check-call.js";
import type { Tool } from "../../core/tools/definitions.js";
import { quoteToolName } from "../../core/tools/name.js";
import { createFailedResult } from "../../core/tools/result.js";
import type { RoundCall } from "../../core/tools/round.js";
import type { Message, NodeRed, RuntimeNode } from "../red/api.js";
import { isWired } from "../red/wiring.js";
import type { LinkCalls } from "./link-calls.js";
import type { ToolCallTag } from "./messages.js";
import { callMessage } from "./requests.js";
import type { RouterRun } from "./run.js";
import type { RouterSettings } from "./settings.js";

/** Outputs before those of the tools: the stream, and requests. */
const BEFORE_TOOLS = 2;

/** Messages may bring other tools every time, and models make names up. */
const MOST_WARNINGS = 100;

/** Takes a call's message to its tool. */
type Way = (message: Message) => void;

/** The ways from the model to the tools. */
export class ToolCalls {
  /** What the author has been told. */
  private readonly warned = new Set<string>();

  constructor(
    private readonly red: NodeRed,
    private readonly node: RuntimeNode,
    private readonly settings: RouterSettings,
    private readonly links: LinkCalls,
    private readonly clock: Clock,
  ) {}

  /** Sends the calls of a turn, all at once. Those that no tool gets are answered here. */
  send(run: RouterRun): void {
    const round = run.calls!;
    const ways: (() => void)[] = [];
    for (const call of round.calls) {
      const verdict = checkCall(call.call, this.settings.tools, this.given(run));
      if ("problem" in verdict) {
        if (verdict.outcome === "unknown") {
          this.warn(`The model called a tool “${shortName(call)}”, which is not there. It was told so.`);
        }
        round.answer(call.id, createFailedResult(verdict.problem), this.clock.now(), verdict.outcome);
        continue;
      }
      const way = this.wayTo(run, call, verdict.tool);
      if (way) ways.push(() => way(this.message(run, call, verdict.arguments)));
      else {
        const told = `The tool ${quoteToolName(call.call.function.name)} is not available.`;
        round.answer(call.id, createFailedResult(told), this.clock.now(), "unavailable");
      }
    }
    // An answer may come while the calls are still being sent.
    for (const go of ways) if (run.calls === round) go();
  }

  /** Answers of the run's linked tools are late from here on. */
  forget(run: RouterRun): void {
    this.links.forget(run.key);
  }

  /** The tools of the request; only where calls of those have an output. */
  private given(run: RouterRun): readonly unknown[] | undefined {
    return this.settings.otherTools ? (run.request?.tools ?? []) : undefined;
  }

  private wayTo(run: RouterRun, called: RoundCall, tool: Tool | undefined): Way | undefined {
    if (tool?.link !== undefined) {
      const send = this.links.find(tool.link);
      if (send) return (message) => send({ run: run.key, id: called.id }, message);
      this.warn(`The tool “${tool.name}” calls a link in node that is not there.`);
      return undefined;
    }
    const output = BEFORE_TOOLS + (tool?.output ?? this.ownOutputs);
    if (isWired(this.red, this.node, output)) {
      return (message) => run.send([...Array<null>(output).fill(null), message]);
    }
    this.warn(
      `The model called the tool “${shortName(called)}”, and nothing that is enabled is wired to its output (${output + 1}).`,
    );
    return undefined;
  }

  private get ownOutputs(): number {
    return [...this.settings.tools.values()].filter(({ output }) => output !== undefined).length;
  }

  /** A copy: what its receiver does with it reaches neither us nor the other calls. */
  private message(run: RouterRun, { id, call }: RoundCall, args: Record<string, unknown>): Message {
    const { name } = call.function;
    const tag: ToolCallTag = {
      id,
      name,
      arguments: args,
      round: run.round,
      run: run.key,
      node: this.node.id,
    };
    return this.red.util.cloneMessage(callMessage(run, tag));
  }

  /** Tells the author something once. */
  warn(text: string): void {
    if (this.warned.has(text) || this.warned.size > MOST_WARNINGS) return;
    this.warned.add(text);
    this.node.warn(text);
  }
}

function shortName({ call }: RoundCall): string {
  return call.function.name.slice(0, 80);
}
