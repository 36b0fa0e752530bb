// `npm start`: runs Node-RED 5 with this package and a working flow, in a user directory inside the repository.
import { spawn } from "node:child_process";
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { ensureBuilt, ensureInstalled, node24, root } from "./setup.mjs";

const HOST = "127.0.0.1";
const FIRST_PORT = 1880;

/** How long Node-RED may take to stop before it is killed. It waits 15 s for its own nodes. */
const STOP_GRACE_MS = 20_000;

/** How long Node-RED may take to answer before a hint is printed. */
const MAX_START_MS = 60_000;

/** How many ports are tried from the wanted one on. */
const MAX_PORTS_TRIED = 100;

/** The examples that the first start opens, in the order of their tabs. */
const FIRST_EXAMPLES = ["1 Start/1 First stream.json", "2 Web/1 Chat page.json"];

// The tests use another directory.
const userDir = process.env.NODE_RED_USER_DIR || join(root, ".node-red");

ensureInstalled();
ensureBuilt();
prepareUserDir();
const port = await findFreePort(readWantedPort());
startNodeRed(port);

/** Creates what is missing in the user directory. Existing files belong to the user and stay as they are. */
function prepareUserDir() {
  mkdirSync(userDir, { recursive: true });
  const settings = join(userDir, "settings.js");
  if (!existsSync(settings)) {
    const secret = randomBytes(32).toString("hex");
    writeFileSync(settings, createSettings(secret), { mode: 0o600 });
    writeFileSync(join(userDir, "flows_cred.json"), JSON.stringify(encryptNoCredentials(secret)), {
      mode: 0o600,
    });
  }
  const flows = join(userDir, "flows.json");
  if (!existsSync(flows)) writeFileSync(flows, `${JSON.stringify(createFirstFlows(), null, 4)}\n`);
}

function createSettings(secret) {
  const repository = JSON.stringify(relative(userDir, root));
  return `// Created by the first \`npm start\`. It is yours to edit: no later start overwrites it.
const { resolve } = require("node:path");

module.exports = {
  flowFile: "flows.json",
  credentialSecret: ${JSON.stringify(secret)},

  // Only this machine can open the editor. Set adminAuth before you change that.
  uiHost: ${JSON.stringify(HOST)},
  uiPort: process.env.PORT || ${FIRST_PORT},

  // The nodes of this repository. In node_modules, the next install from the palette would remove them.
  nodesDir: [resolve(__dirname, ${repository})],

  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false, projects: {} },
  logging: { console: { level: "warn", metrics: false, audit: false } },
};
`;
}

/** Encrypts an empty set of credentials as Node-RED does. Without this file, Node-RED would warn at every start. */
function encryptNoCredentials(secret) {
  const vector = randomBytes(16);
  const cipher = createCipheriv("aes-256-ctr", createHash("sha256").update(secret).digest(), vector);
  return { $: vector.toString("hex") + cipher.update("{}", "utf8", "base64") + cipher.final("base64") };
}

/** Joins the first examples into one set of flows, with one provider for all of them. */
function createFirstFlows() {
  const examples = FIRST_EXAMPLES.map((name) =>
    JSON.parse(readFileSync(join(root, "examples", name), "utf8")),
  );
  const nodes = examples.flat();
  const [shared, ...others] = nodes.filter(({ type }) => type === "chat-provider");
  const dropped = new Set(others.map(({ id }) => id));
  return nodes
    .filter(({ id }) => !dropped.has(id))
    .map((node) => (dropped.has(node.provider) ? { ...node, provider: shared.id } : node));
}

/** Reads the port from PORT; exits with a hint if it is not a port number. */
function readWantedPort() {
  const { PORT } = process.env;
  if (!PORT) return FIRST_PORT;
  const port = Number(PORT);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  console.error(
    `PORT is “${PORT}”, which is not a port number. Set it to a number from 0 to 65535; 0 means any free port.`,
  );
  process.exit(2);
}

/** Finds the wanted port or the next one that is free; 0 means any free port. Exits with a hint if there is none. */
async function findFreePort(wanted) {
  const last = Math.min(wanted + MAX_PORTS_TRIED, 65535);
  for (let candidate = wanted; candidate <= last; candidate++) {
    const found = await tryPort(candidate);
    if (found === undefined) continue;
    if (wanted !== 0 && found !== wanted)
      console.log(`Port ${wanted} is in use. Node-RED will use ${found}.`);
    return found;
  }
  console.error(`No port from ${wanted} to ${last} is free. Choose another one: PORT=3000 npm start`);
  process.exit(1);
}

/** @returns the port if it is free, `undefined` if not; any free port for 0 */
function tryPort(candidate) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(candidate, HOST, () => {
      const { port: found } = server.address();
      server.close(() => resolve(found));
    });
  });
}

function startNodeRed(port) {
  console.log("Starting Node-RED …");
  const red = join(root, "node_modules/node-red/red.js");
  const child = spawn(node24, [red, "--userDir", userDir, "--port", String(port)], {
    stdio: "inherit",
    env: { ...process.env, PORT: String(port), NODE_NO_WARNINGS: "1" },
  });
  /** When the user asked to stop, in milliseconds since 1970; 0: not yet. */
  let stoppedAt = 0;
  child.on("error", (error) => {
    console.error(`Node-RED could not be started: ${error.message}. Install the dependencies again: npm ci`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(stoppedAt ? 0 : (code ?? (signal ? 1 : 0))));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (!stoppedAt) {
        stoppedAt = Date.now();
        child.kill("SIGTERM");
        setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS).unref();
      }
      // One Ctrl-C may arrive twice, from the terminal and from npm. A later one means that the user will not wait.
      else if (Date.now() - stoppedAt > 1_000) child.kill("SIGKILL");
    });
  }
  printAddresses(`http://${HOST}:${port}`, () => child.exitCode !== null || stoppedAt > 0);
}

/** Prints the addresses once Node-RED answers there. Stops if `hasEnded` becomes true. */
async function printAddresses(address, hasEnded) {
  const endOfWait = Date.now() + MAX_START_MS;
  while (!hasEnded()) {
    if (Date.now() > endOfWait) {
      console.log(
        `Node-RED has not answered at ${address} for ${MAX_START_MS / 1000} s. If you changed its address or the ` +
          `editor's path, see ${join(userDir, "settings.js")}.`,
      );
      return;
    }
    if (await isAnswering(`${address}/settings`)) {
      const hasChatPage = await waitForPage(`${address}/chat`, hasEnded);
      if (hasEnded()) return;
      console.log(`\n  Editor     ${address}/`);
      if (hasChatPage) console.log(`  Chat page  ${address}/chat`);
      console.log("\nPress Ctrl-C to stop.\n");
      return;
    }
    await pause();
  }
}

/**
 * Waits for a page of the flows, which start a moment after the editor.
 * @returns whether the page answers; the user may have removed it
 */
async function waitForPage(url, hasEnded) {
  for (let tries = 0; tries < 20 && !hasEnded(); tries++) {
    if (await isAnswering(url)) return true;
    await pause();
  }
  return false;
}

async function isAnswering(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    // If the user has set a password, the editor answers with 401.
    return response.ok || response.status === 401;
  } catch {
    return false;
  }
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, 150));
}
