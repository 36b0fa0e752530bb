import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { ROOT } from "../root.js";
import { waitForStart } from "./started-flows.js";

/**
 * A package that only the suite of the dashboard uses. Node-RED finds it, because it is installed beside Node-RED. The
 * other suites exclude it, to test Node-RED as users have it.
 */
export const DASHBOARD = "@flowfuse/node-red-dashboard";

/** The name of this package. */
export const PACKAGE = "@deltaflow/node-red-chat-stream";

/** The setting `externalModules` that excludes the dashboard. */
export const WITHOUT_DASHBOARD = { palette: { allowList: ["*"], denyList: [DASHBOARD] } };

/** The versions of Node-RED that the package supports, each with its Node.js. */
export const VERSIONS = {
  "4": {
    label: "Node-RED 4.1",
    red: "node_modules/node-red-4/red.js",
    node: process.env["npm_node_execpath"] ?? process.execPath,
  },
  "5": {
    label: "Node-RED 5",
    red: "node_modules/node-red/red.js",
    node: join(ROOT, "node_modules/node/bin/node"),
  },
} as const;

export type Version = keyof typeof VERSIONS;

/** The nodes of Telegram, which stand in for the real ones: see test/support/stand-ins. */
export const TELEGRAM = "node-red-contrib-telegrambot";

/** Finds the folder of a package: this package, one that stands in for it, or one that is installed for the tests. */
export function findPackage(name: string): string {
  if (name === PACKAGE) return ROOT;
  const standIn = join(ROOT, "test", "support", "stand-ins", name);
  return existsSync(standIn) ? standIn : join(ROOT, "node_modules", name);
}

/** Installs packages in a user directory. */
export function installInto(userDir: string, packages: readonly string[]): void {
  for (const name of packages) {
    const installed = join(userDir, "node_modules", name);
    mkdirSync(dirname(installed), { recursive: true });
    symlinkSync(findPackage(name), installed, "junction");
  }
  const dependencies = Object.fromEntries(packages.map((name) => [name, "*"]));
  writeFileSync(
    join(userDir, "package.json"),
    JSON.stringify({ name: "test", version: "1.0.0", dependencies }),
  );
}

/** Node-RED as users run it: a process with a user directory. */
export interface NodeRedProcess {
  url: string;
  /** Everything that the process has printed. */
  getOutput(): string;
  stop(): Promise<void>;
  /** Ends the process at once, as a crash does. */
  kill(): Promise<void>;
  /** Stops the process in the middle of its work, as a machine does that is overloaded. */
  freeze(): void;
  /** Lets a frozen process go on. */
  thaw(): void;
  /** Resolves when the process has ended, however it did. */
  exited: Promise<unknown>;
}

export interface ProcessOptions {
  version: Version;
  userDir: string;
  /** The nodes of the flow file. Default: none. */
  flows?: unknown[];
  /** More settings of Node-RED. */
  settings?: Record<string, unknown>;
  /** JavaScript that changes `module.exports`, the settings, to what JSON cannot say. */
  settingsCode?: string;
}

/**
 * The editor loads the library for diagrams with each page, which takes as long as all the rest of it. No test has a diagram.
 */
const WITHOUT_DIAGRAMS = `
module.exports.httpAdminMiddleware = (request, response, next) => {
  if (request.path.startsWith("/vendor/mermaid/")) response.sendStatus(404);
  else next();
};`;

/** Starts Node-RED with its editor and waits until its flows run. @throws if it ends or does not answer within 30 s */
export async function startNodeRed(options: ProcessOptions): Promise<NodeRedProcess> {
  const { label, red, node } = VERSIONS[options.version];
  const port = await findFreePort();
  mkdirSync(options.userDir, { recursive: true });
  const settings = {
    uiPort: port,
    uiHost: "127.0.0.1",
    flowFile: "flows.json",
    credentialSecret: "test",
    editorTheme: { tours: false, projects: { enabled: false } },
    telemetry: { enabled: false, updateNotification: false },
    externalModules: WITHOUT_DASHBOARD,
    ...options.settings,
  };
  writeFileSync(
    join(options.userDir, "settings.js"),
    `module.exports = ${JSON.stringify(settings, null, 2)};\n${WITHOUT_DIAGRAMS}\n${options.settingsCode ?? ""}\n`,
  );
  writeFileSync(join(options.userDir, "flows.json"), JSON.stringify(options.flows ?? []));
  const child = spawn(node, [join(ROOT, red), "-u", options.userDir], {
    env: { ...process.env, NODE_NO_WARNINGS: "1" },
  });
  const exited = once(child, "exit");
  let printed = "";
  child.stdout.on("data", (data) => {
    printed += data;
  });
  child.stderr.on("data", (data) => {
    printed += data;
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null || tries > 300) throw new Error(`${label} did not start:\n${printed}`);
    if (await isAnswering(url)) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // A process may also end while it starts its flows, which is for the test to see.
  await Promise.race([waitForStart(url), exited]);
  return {
    url,
    getOutput: () => printed,
    stop: () => stopProcess(child),
    kill: () => killProcess(child),
    freeze: () => child.kill("SIGSTOP"),
    thaw: () => child.kill("SIGCONT"),
    exited,
  };
}

async function isAnswering(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/flows`)).ok;
  } catch {
    return false;
  }
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const kill = setTimeout(() => child.kill("SIGKILL"), 5000);
  await exited;
  clearTimeout(kill);
}

async function killProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Finds a free port. Another process may still take it. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
