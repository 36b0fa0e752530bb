import { redact } from "../../core/errors/redact.js";
import { type Failure, toFailure } from "../../core/failure.js";
import { McpConnection } from "../../mcp/connection.js";
import { systemClock } from "../../transport/system-clock.js";
import type { NodeRed, RuntimeNode } from "../red/api.js";
import { logLine, logWarning, WarnOnce } from "../red/log.js";
import { createVariableFiller } from "../red/variables.js";
import { type McpServerConfig, type McpServerCredentials, readServerConfig } from "./config.js";
import { LineBudget } from "./line-budget.js";
import type { McpServerNode } from "./lookup.js";

/** Starts an mcp-server. It connects when a node first needs it, and is over for sure once the node is closed. */
export function startMcpServer(
  red: NodeRed,
  node: RuntimeNode & McpServerNode,
  config: McpServerConfig,
): void {
  node.server = createConnection(red, node, config);
  node.on("close", (_removed, done) => {
    if (node.server instanceof McpConnection) void node.server.close().then(done);
    else done();
  });
}

function createConnection(red: NodeRed, node: RuntimeNode, config: McpServerConfig): McpConnection | Failure {
  const credentials: McpServerCredentials = node.credentials ?? {};
  try {
    const settings = readServerConfig(config, credentials, createVariableFiller(red, node));
    const warnings = new WarnOnce(node);
    const budget = new LineBudget(systemClock, (line) => logLine(node, redact(line, settings.secrets)));
    return new McpConnection(settings, systemClock, {
      onLog: (line) => budget.add(line),
      onProblem: (text) => warnings.warn(redact(text, settings.secrets)),
    });
  } catch (thrown) {
    const failure = toFailure(thrown, "configuration");
    logWarning(node, failure.message);
    return failure;
  }
}
