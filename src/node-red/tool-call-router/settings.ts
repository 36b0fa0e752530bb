import { Failure } from "../../core/failure.js";
import { readTools, type Tool } from "../../core/tools/definitions.js";
import type { NodeConfig } from "../red/api.js";
import { readPositiveNumber } from "../red/settings.js";

/** A tool-call-router as it stands in a flow file. */
export interface RouterConfig extends NodeConfig {
  /** `{name, description, parameters, strict?, link?}` each; see `ToolConfig`. */
  tools?: unknown;
  /** Turns of one run in which tools are called. */
  maxRounds?: number | string;
  /** Seconds. */
  toolTimeout?: number | string;
  /** Characters. */
  maxResult?: number | string;
  /** `auto`, `required`, `none`, or the name of a tool that has to be called; empty: as the message or the service has it. */
  toolChoice?: string;
  parallel?: "" | "yes" | "no";
  /** Whether a last output is there for calls of tools that came in `msg.tools`. */
  otherTools?: boolean;
}

/** What an author sets, with the defaults filled in. */
export interface RouterSettings {
  tools: ReadonlyMap<string, Tool>;
  maxRounds: number;
  /** Milliseconds. */
  toolTimeout: number;
  maxResult: number;
  toolChoice: string;
  parallel: boolean | undefined;
  otherTools: boolean;
}

/** The longest that a tool may take, 20 days; milliseconds. A timer cannot wait for a month. */
const LONGEST_TIMEOUT = 1_728_000_000;

const MODES: ReadonlySet<string> = new Set(["auto", "required", "none"]);

/** @throws Failure `configuration` that names the tool and what is wrong with it */
export function settingsOf(config: RouterConfig): RouterSettings {
  return {
    tools: readTools(config.tools),
    maxRounds: Math.ceil(readPositiveNumber(config.maxRounds, 8)),
    toolTimeout: Math.min(LONGEST_TIMEOUT, readPositiveNumber(config.toolTimeout, 60) * 1000),
    maxResult: Math.ceil(readPositiveNumber(config.maxResult, 262_144)),
    toolChoice: config.toolChoice ?? "",
    parallel: config.parallel === "yes" ? true : config.parallel === "no" ? false : undefined,
    otherTools: config.otherTools === true,
  };
}

/**
 * The request fields that the settings add.
 * @param names of all tools that the request has
 * @throws Failure `configuration` where the tool that has to be called is none of them
 */
export function optionsOf(settings: RouterSettings, names: ReadonlySet<string>): Record<string, unknown> {
  const { toolChoice, parallel } = settings;
  const options: Record<string, unknown> = {};
  if (MODES.has(toolChoice)) options["tool_choice"] = toolChoice;
  else if (names.has(toolChoice))
    options["tool_choice"] = { type: "function", function: { name: toolChoice } };
  else if (toolChoice !== "") {
    throw new Failure("configuration", `There is no tool “${toolChoice}”, though it has to be called.`);
  }
  if (parallel !== undefined) options["parallel_tool_calls"] = parallel;
  return options;
}
