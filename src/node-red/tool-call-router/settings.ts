import { Failure, toFailure } from "../../core/failure.js";
import { readTools, type Tool } from "../../core/tools/definitions.js";
import { type Restrictions, readRestrictions, UNRESTRICTED } from "../../core/tools/restrictions.js";
import type { NodeConfig } from "../red/api.js";
import { readPositiveNumber, readTextSetting, toTimerMs } from "../red/settings.js";
import { type McpRow, readMcpRows } from "./mcp-rows.js";

/** A tool-call-router as it stands in a flow file. */
export interface RouterConfig extends NodeConfig {
  /** `{name, description, parameters, strict?, link?}` each; see `ToolConfig`. */
  tools?: unknown;
  /** `{server, tools, prefix, approve}` each; see `McpRow`. */
  mcp?: unknown;
  /** Id of the chat-endpoint whose MCP clients may call the drawn tools; "": none. */
  endpoint?: string;
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
  /** Whether calls of these tools are checked against the schemas that came with them. */
  messageSchemas?: boolean;
  /** Name of the context store that keeps runs over a restart; "": none. */
  keepRuns?: string;
  /** Hours that a kept run may wait for its tools. */
  keepFor?: number | string;
}

/** What an author sets, with the defaults filled in. */
export interface RouterSettings {
  /** The tools that are drawn in the flow. */
  tools: ReadonlyMap<string, Tool>;
  /** The MCP servers whose tools are offered as well. */
  mcp: readonly McpRow[];
  /** Id of the chat-endpoint that offers the drawn tools to MCP clients; `""`: none. */
  endpoint: string;
  /** How many outputs the tools have. */
  toolOutputs: number;
  maxRounds: number;
  /** Milliseconds. */
  toolTimeout: number;
  maxResult: number;
  toolChoice: string;
  parallel: boolean | undefined;
  otherTools: boolean;
  messageSchemas: boolean;
  /** Name of the context store that keeps runs; `""`: none. */
  keepRuns: string;
  /** How long a run waits for what has left by its outputs: milliseconds. */
  maxWait: number;
}

/** The output by which requests leave, from 0. */
export const ASK = 1;

/** The longest time that a tool may take, or a run may wait: 20 days. A timer cannot wait for a month. */
const MAX_TIMEOUT_MS = 1_728_000_000;

const MODES: ReadonlySet<string> = new Set(["auto", "required", "none"]);

/** Reads the settings of a node. If its tools are wrong, streams pass all the same: without tools, and with the problem. */
export function readSettings(config: RouterConfig): {
  settings: RouterSettings;
  problem: Failure | undefined;
} {
  try {
    const tools = readTools(config.tools);
    const ownOutputs = [...tools.values()].filter(({ output }) => output !== undefined).length;
    const mcp = readMcpRows(config.mcp, ownOutputs);
    const approvals = mcp.filter(({ output }) => output !== undefined).length;
    return { settings: toSettings(config, tools, mcp, ownOutputs + approvals), problem: undefined };
  } catch (thrown) {
    const problem = toFailure(thrown, "configuration");
    const readable = {
      ...config,
      keepRuns: keepText(config.keepRuns),
      toolChoice: keepText(config.toolChoice),
    };
    return { settings: toSettings(readable, new Map(), [], 0), problem };
  }
}

/** @returns `""` for a setting that is no text */
function keepText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function toSettings(
  config: RouterConfig,
  tools: RouterSettings["tools"],
  mcp: readonly McpRow[],
  toolOutputs: number,
): RouterSettings {
  const keepRuns = readTextSetting(config.keepRuns, "store for runs");
  const toolTimeout = Math.min(MAX_TIMEOUT_MS, toTimerMs(readPositiveNumber(config.toolTimeout, 60)));
  const keepFor = Math.min(MAX_TIMEOUT_MS, toTimerMs(readPositiveNumber(config.keepFor, 72) * 3600));
  return {
    keepRuns,
    maxWait: keepRuns === "" ? toolTimeout : keepFor,
    tools,
    mcp,
    toolOutputs,
    endpoint: config.endpoint ?? "",
    maxRounds: Math.ceil(readPositiveNumber(config.maxRounds, 8)),
    toolTimeout,
    maxResult: Math.ceil(readPositiveNumber(config.maxResult, 262_144)),
    toolChoice: readTextSetting(config.toolChoice, "required tool"),
    parallel: config.parallel === "yes" ? true : config.parallel === "no" ? false : undefined,
    otherTools: config.otherTools === true,
    messageSchemas: config.messageSchemas === true,
  };
}

/**
 * The request fields that the settings add.
 * @param names of all tools that the request has
 * @throws Failure `configuration` if the tool that has to be called is not among them
 */
export function buildToolOptions(
  settings: RouterSettings,
  names: ReadonlySet<string>,
): Record<string, unknown> {
  const { toolChoice, parallel } = settings;
  const options: Record<string, unknown> = {};
  if (MODES.has(toolChoice)) options["tool_choice"] = toolChoice;
  else if (names.has(toolChoice))
    options["tool_choice"] = { type: "function", function: { name: toolChoice } };
  else if (toolChoice !== "") {
    throw new Failure(
      "configuration",
      `The required tool “${toolChoice}” is not defined. Add it to the tool list of this node.`,
    );
  }
  if (parallel !== undefined) options["parallel_tool_calls"] = parallel;
  return options;
}

/**
 * Which tools a model may call by the node's settings, whatever the message says.
 * @param round the turn, from 1: a tool that must be called must be called once
 */
export function readSettingRestrictions(
  { toolChoice, parallel }: RouterSettings,
  round: number,
): Restrictions {
  const restrictions = parallel === false ? { ...UNRESTRICTED, isSingle: true } : UNRESTRICTED;
  if (toolChoice === "none") return { ...restrictions, ...readRestrictions({ tool_choice: "none" }) };
  if (toolChoice === "" || MODES.has(toolChoice) || round > 1) return restrictions;
  return { ...restrictions, names: new Set([toolChoice]) };
}
