import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";

/** The tools of an MCP server, as a row in the settings of a router. */
export interface McpRow {
  /** Id of the mcp-server node. */
  server: string;
  /** Names of the tools at the server; undefined: all of them. */
  tools: ReadonlySet<string> | undefined;
  /** Goes before the names under which a model sees the tools. */
  prefix: string;
  /** The output on which calls wait to be approved, counted as `Tool.output`; undefined if they need no approval. */
  output: number | undefined;
}

const PREFIX = /^[A-Za-z0-9_-]{0,32}$/;

/**
 * Reads the list `{server, tools, prefix, approve}` in the settings of a router.
 * @param firstOutput the first output that no other tool has
 * @throws Failure `configuration`
 */
export function readMcpRows(list: unknown, firstOutput: number): McpRow[] {
  let output = firstOutput;
  return (Array.isArray(list) ? list : []).map((entry, at) => {
    const { server, tools = "*", prefix = "", approve } = isObject(entry) ? entry : {};
    if (typeof server !== "string" || server === "")
      throw new Failure("configuration", `MCP row ${at + 1} has no server. Choose an mcp-server in it.`);
    if (typeof prefix !== "string" || !PREFIX.test(prefix))
      throw new Failure(
        "configuration",
        `The prefix of MCP row ${at + 1} is not valid. Use up to 32 letters, digits, - and _.`,
      );
    return {
      server,
      tools: Array.isArray(tools) ? new Set(tools.map(String)) : undefined,
      prefix,
      output: approve === true ? output++ : undefined,
    };
  });
}
