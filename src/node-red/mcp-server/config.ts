import { Failure } from "../../core/failure.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import type { HttpServer, ServerSettings, StdioServer } from "../../mcp/server-settings.js";
import { isRemotePlainHttp } from "../../providers/shared/endpoint.js";
import { findUnresolvedVariable } from "../../providers/shared/environment.js";
import type { NodeConfig } from "../red/api.js";
import { readChoice, readNumber, readTextSetting, toTimerMs } from "../red/settings.js";

/** An mcp-server's properties in a flow file. */
export interface McpServerConfig extends NodeConfig {
  /** `http` or `stdio`. Default: `http`. */
  transport?: string;
  url?: string;
  /** JSON text: names and values of headers that are not secret. */
  headers?: string;
  /** Whether a secret may be sent to another machine over plain HTTP. */
  allowInsecure?: boolean;
  command?: string;
  /** An argument a line, or a list of them. */
  args?: string | string[];
  /** JSON text: names and values of environment variables that are not secret. */
  env?: string;
  /** Folder in which the command runs. */
  cwd?: string;
  /** Seconds for connecting. */
  connectTimeout?: number | string;
}

/** An mcp-server's credentials. */
export interface McpServerCredentials {
  token?: string;
  /** JSON text: names and values of secret headers. */
  secretHeaders?: string;
  /** JSON text: names and values of secret environment variables. */
  secretEnv?: string;
}

/** A server's program may be downloaded when it is first started. */
const DEFAULT_CONNECT_SECONDS = 60;

/** As a command: a small server in this package. */
const DEMO = "demo";

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Reads the settings as editors and hand-written flows have them.
 * @param fill replaces environment variables in a text by their values
 * @throws Failure `configuration` or `credentials` if a setting is not valid
 */
export function readServerConfig(
  config: McpServerConfig,
  credentials: McpServerCredentials,
  fill: (text: string) => string,
): ServerSettings {
  const connectTimeout =
    readNumber(config.connectTimeout, "setting connectTimeout", { above: 0 }) ?? DEFAULT_CONNECT_SECONDS;
  const isHttp = readChoice(config.transport, "transport", ["http", "stdio"]) === "http";
  const [server, secrets] = isHttp
    ? readHttpServer(config, credentials, fill)
    : readStdioServer(config, credentials, fill);
  const name = config.name || (server.transport === "http" ? server.url.host : (config.command ?? ""));
  return { ...server, name, connectTimeout: toTimerMs(connectTimeout), secrets };
}

function readHttpServer(
  config: McpServerConfig,
  credentials: McpServerCredentials,
  fill: (text: string) => string,
): [HttpServer, string[]] {
  const text = fill(readTextSetting(config.url, "URL")).trim();
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw fail(
      "The URL is not an http or https address without a password, such as https://example.com/mcp.",
    );
  const plain = readPairs(config.headers, "headers", fill);
  const secret = readPairs(credentials.secretHeaders, "secret headers", fill);
  const headers: Record<string, string> = { ...plain, ...secret };
  const token = fill(credentials.token ?? "").trim();
  if (findUnresolvedVariable(token, true))
    throw new Failure(
      "credentials",
      "The token of the mcp-server names an environment variable that is not set. Set it, or enter the token.",
    );
  if (token !== "") headers["Authorization"] = `Bearer ${token}`;
  for (const [name, value] of Object.entries(headers))
    if (!HEADER_NAME.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw fail(`The header “${name.slice(0, 80)}” has characters that HTTP does not allow.`);
  const secrets = [token, ...Object.values(secret)].filter((one) => one !== "");
  if (secrets.length > 0 && isRemotePlainHttp(url) && config.allowInsecure !== true)
    throw fail(`The token would travel unencrypted to ${url.host}. Use https, or tick “Allow unencrypted”.`);
  return [{ transport: "http", url, headers }, secrets];
}

function readStdioServer(
  config: McpServerConfig,
  credentials: McpServerCredentials,
  fill: (text: string) => string,
): [StdioServer, string[]] {
  const command = fill(readTextSetting(config.command, "command")).trim();
  if (command === DEMO) return [createDemoServer(), []];
  if (command === "") throw fail("It has no command. Enter the program that is the server, such as npx.");
  const lines = Array.isArray(config.args)
    ? config.args.map(String)
    : readTextSetting(config.args, "arguments").split("\n");
  const args = lines.map((line) => fill(line.trim())).filter((line) => line !== "");
  const secret = readPairs(credentials.secretEnv, "secret variables", fill);
  const env = { ...readPairs(config.env, "variables", fill), ...secret };
  const cwd = fill(readTextSetting(config.cwd, "folder")).trim();
  const server: StdioServer = { transport: "stdio", command, args, env, ...(cwd === "" ? {} : { cwd }) };
  return [server, Object.values(secret).filter((one) => one !== "")];
}

/** The server with notes in this package. It is a source file if the package runs from its sources. */
function createDemoServer(): StdioServer {
  const program = require.resolve("../../demo/mcp/program.js");
  const args = program.endsWith(".ts") ? [...process.execArgv, program] : [program];
  return { transport: "stdio", command: process.execPath, args, env: {} };
}

function readPairs(
  text: string | undefined,
  label: string,
  fill: (text: string) => string,
): Record<string, string> {
  if (!text) return {};
  const pairs = tryParseJson(text);
  if (!isObject(pairs) || !Object.values(pairs).every((value) => typeof value === "string"))
    throw fail(`Its ${label} are not a JSON object of texts.`);
  return Object.fromEntries(Object.entries(pairs).map(([name, value]) => [name, fill(value as string)]));
}

function fail(text: string): Failure {
  return new Failure("configuration", `${text} Correct it in the mcp-server node.`);
}
