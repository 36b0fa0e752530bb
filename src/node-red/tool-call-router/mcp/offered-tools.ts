import { toFailure } from "../../../core/failure.js";
import type { Tool } from "../../../core/tools/definitions.js";
import { buildOfferedName, type McpTool } from "../../../mcp/tool-list.js";
import { findMcpServer, requireMcpServer } from "../../mcp-server/lookup.js";
import { logWarning } from "../../red/log.js";
import type { RouterEnvironment } from "../environment.js";
import type { McpRow } from "../mcp-rows.js";

/** What a router offers to models: the tools that are drawn, and those of its MCP servers as they are listed now. */
export class OfferedTools {
  /** The tools that were put together last, and what of. */
  private known: { lists: (readonly McpTool[])[]; tools: ReadonlyMap<string, Tool> } | undefined;

  constructor(private readonly router: RouterEnvironment) {}

  /** Lists the tools by the names that models see. */
  list(): ReadonlyMap<string, Tool> {
    const { mcp, tools } = this.router.settings;
    if (mcp.length === 0) return tools;
    const lists = mcp.map(({ server }) => this.listAtServer(server));
    const { known } = this;
    if (known && lists.every((list, at) => list === known.lists[at])) return known.tools;
    this.known = { lists, tools: this.combine(lists) };
    return this.known.tools;
  }

  /**
   * Connects to the servers, so that their tools are known.
   * @param then called once each is connected to or has failed; at once if all are connected to already
   */
  prepare(then: () => void): void {
    const { host, settings } = this.router;
    const ids = [...new Set(settings.mcp.map(({ server }) => server))];
    if (ids.every((id) => this.isReady(id))) then();
    else host.run(() => Promise.all(ids.map((id) => this.open(id))).then(then));
    // Looks for new tools now and then.
    for (const id of ids) if (this.isReady(id)) void this.open(id);
  }

  private async open(id: string): Promise<void> {
    try {
      await requireMcpServer(this.router.red, id).open();
    } catch (thrown) {
      this.warn(toFailure(thrown).message);
    }
  }

  private isReady(id: string): boolean {
    const server = findMcpServer(this.router.red, id)?.server;
    // A server that was lost is connected to again while the model is asked.
    return server !== undefined && "isReady" in server && (server.isReady || server.tools.length > 0);
  }

  private listAtServer(id: string): readonly McpTool[] {
    const server = findMcpServer(this.router.red, id)?.server;
    return server && "tools" in server ? server.tools : NONE;
  }

  private warn(text: string): void {
    logWarning(this.router.node, text);
  }

  private combine(lists: readonly (readonly McpTool[])[]): ReadonlyMap<string, Tool> {
    const { mcp, tools: drawn } = this.router.settings;
    const tools = new Map(drawn);
    for (const [at, row] of mcp.entries()) {
      const list = lists[at]!;
      for (const tool of list) {
        if (row.tools && !row.tools.has(tool.name)) continue;
        const name = buildOfferedName(row.prefix, tool.name);
        if (tools.has(name))
          this.warn(`Two tools would be called “${name}”; the first one is offered. Set a prefix.`);
        else tools.set(name, toTool(name, tool, row));
      }
      const missing = [...(row.tools ?? [])].filter((name) => !list.some((tool) => tool.name === name));
      if (list.length > 0 && missing.length > 0)
        this.warn(`An MCP server does not have these tools: ${missing.slice(0, 10).join(", ")}.`);
    }
    return tools;
  }
}

const NONE: readonly McpTool[] = [];

function toTool(name: string, { name: remote, description, parameters, check }: McpTool, row: McpRow): Tool {
  const details = description === "" ? {} : { description };
  return {
    name,
    definition: { type: "function", function: { name, ...details, parameters } },
    check,
    link: undefined,
    output: row.output,
    remote: { server: row.server, name: remote },
  };
}
