import { checkCall } from "../../../core/tools/check-call.js";
import type { Tool } from "../../../core/tools/definitions.js";
import { quoteToolName, readCalledName, readShownName } from "../../../core/tools/name.js";
import { readRestrictions, refuseCalls } from "../../../core/tools/restrictions.js";
import type { CallOutcome, RoundCall } from "../../../core/tools/round.js";
import type { RunRecord } from "../record.js";
import { type RouterSettings, readSettingRestrictions } from "../settings.js";

/** A call that may be made. */
export interface AllowedCall {
  call: RoundCall;
  /** Undefined for a tool that came with the request. */
  tool: Tool | undefined;
  arguments: Record<string, unknown>;
}

/** A call that is answered without a tool. */
interface RefusedCall {
  call: RoundCall;
  /** Why, for the model to read. */
  text: string;
  outcome: CallOutcome;
}

interface CallPlan {
  allowed: AllowedCall[];
  refused: RefusedCall[];
  /** What the author should know. */
  warnings: string[];
}

/** What decides about calls beside the calls themselves. */
export interface CallContext {
  settings: RouterSettings;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** The tools that can be called now, by name. */
  listTools(): ReadonlyMap<string, Tool>;
  /** Why a call cannot get to its tool, for the author; undefined if it can. */
  findMissingTool(tool: Tool | undefined, name: string): string | undefined;
}

/** How long the checks of one turn may take together. The check of one call has a limit of its own. */
const MAX_CHECKS_MS = 1_000;

const UNCHECKED =
  "The arguments were not checked, because the checks of this turn took too long. Call fewer tools at once.";

/** Decides which calls of a turn are made: those of known tools, with arguments that fit, that nothing forbids. */
export function planCalls(calls: readonly RoundCall[], record: RunRecord, context: CallContext): CallPlan {
  const { settings } = context;
  const request = record.request!;
  const others = settings.otherTools ? (request.tools ?? []) : undefined;
  const plan: CallPlan = { allowed: [], refused: [], warnings: [] };
  const startedAt = context.now();
  const tools = context.listTools();
  const allowed = calls.flatMap((call) => {
    if (context.now() - startedAt > MAX_CHECKS_MS) {
      plan.refused.push({ call, text: UNCHECKED, outcome: "refused" });
      return [];
    }
    const verdict = checkCall(call.call, tools, others, settings.messageSchemas);
    if ("arguments" in verdict) return [{ call, ...verdict }];
    const { problem: text, outcome } = verdict;
    plan.refused.push({ call, text, outcome });
    if (outcome === "unknown")
      plan.warnings.push(
        `The model called a tool “${readShownName(call.call)}” that does not exist, and was told so.`,
      );
    return [];
  });
  const forbidden = refuseCalls(
    allowed.map(({ call }) => call),
    [readSettingRestrictions(settings, record.round), readRestrictions(request.parameters ?? {})],
  );
  for (const one of allowed) {
    const { call, tool } = one;
    const reason = forbidden.get(call.id);
    const missing =
      reason === undefined ? context.findMissingTool(tool, readShownName(call.call)) : undefined;
    if (missing !== undefined) plan.warnings.push(missing);
    if (reason !== undefined) plan.refused.push({ call, text: reason, outcome: "refused" });
    else if (missing === undefined) plan.allowed.push(one);
    else {
      const text = `The tool ${quoteToolName(readCalledName(call.call))} is not available.`;
      plan.refused.push({ call, text, outcome: "unavailable" });
    }
  }
  return plan;
}
