// `npm start`: Node-RED 5 with this package and a flow that works, in a user directory of the repository's own.
import { spawn } from "node:child_process";
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { ensureBuilt, ensureInstalled, node24, root } from "./setup.mjs";

const HOST = "127.0.0.1";
const FIRST_PORT = 1880;

/** How long Node-RED may take to stop before it is made to; it waits 15 s for its own nodes. */
const PATIENCE = 20_000;

/** What the first start opens on, in the order of the tabs. */
const FIRST_FLOWS = ["01 First stream.json", "10 Chat page.json"];

// Another directory than the repository's own is for tests.
const userDir = process.env.NODE_RED_USER_DIR || join(root, ".node-red");

ensureInstalled();
ensureBuilt();
prepare();
const port = await freePort(wantedPort());
start(port);

/** Makes the user directory. What is there already is the user's and stays as it is. */
function prepare() {
  mkdirSync(userDir, { recursive: true });
  const settings = join(userDir, "settings.js");
  if (!existsSync(settings)) {
    const secret = randomBytes(32).toString("hex");
    writeFileSync(settings, settingsText(secret), { mode: 0o600 });
    writeFileSync(join(userDir, "flows_cred.json"), JSON.stringify(noCredentials(secret)), { mode: 0o600 });
  }
  const flows = join(userDir, "flows.json");
  if (!existsSync(flows)) writeFileSync(flows, `${JSON.stringify(firstFlows(), null, 4)}\n`);
}

function settingsText(secret) {
  const repository = JSON.stringify(relative(userDir, root));
  return `// Made by the first \`npm start\`, and yours from then on.
const { resolve } = require("node:path");

module.exports = {
  flowFile: "flows.json",
  credentialSecret: ${JSON.stringify(secret)},

  // Only this machine can open the editor. Set adminAuth before you change that.
  uiHost: ${JSON.stringify(HOST)},
  uiPort: process.env.PORT || ${FIRST_PORT},

  // The nodes of this repository. A palette install, which tidies node_modules up, leaves them alone here.
  nodesDir: [resolve(__dirname, ${repository})],

  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false, projects: {} },
  logging: { console: { level: "warn", metrics: false, audit: false } },
};
`;
}

/** An empty credentials file as Node-RED writes it; without one it warns of that at every start. */
function noCredentials(secret) {
  const vector = randomBytes(16);
  const cipher = createCipheriv("aes-256-ctr", createHash("sha256").update(secret).digest(), vector);
  return { $: vector.toString("hex") + cipher.update("{}", "utf8", "base64") + cipher.final("base64") };
}

/** Examples side by side, with one provider for all of them. */
function firstFlows() {
  const examples = FIRST_FLOWS.map((name) => JSON.parse(readFileSync(join(root, "examples", name), "utf8")));
  const nodes = examples.flat();
  const [shared, ...others] = nodes.filter(({ type }) => type === "chat-provider");
  const dropped = new Set(others.map(({ id }) => id));
  return nodes
    .filter(({ id }) => !dropped.has(id))
    .map((node) => (dropped.has(node.provider) ? { ...node, provider: shared.id } : node));
}

function wantedPort() {
  const { PORT } = process.env;
  if (!PORT) return FIRST_PORT;
  const port = Number(PORT);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  console.error(`PORT is “${PORT}”, which is no port number.`);
  process.exit(2);
}

/** The wanted port, or the next one that nobody has; 0 stands for any. */
async function freePort(wanted) {
  for (let candidate = wanted; candidate <= Math.min(wanted + 100, 65535); candidate++) {
    const found = await tryPort(candidate);
    if (found === undefined) continue;
    if (wanted !== 0 && found !== wanted) console.log(`Port ${wanted} is taken; this will be ${found}.`);
    return found;
  }
  console.error(`No port from ${wanted} on is free. Choose one: PORT=… npm start`);
  process.exit(1);
}

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

function start(port) {
  console.log("Starting Node-RED …");
  const red = join(root, "node_modules/node-red/red.js");
  const child = spawn(node24, [red, "--userDir", userDir, "--port", String(port)], {
    stdio: "inherit",
    env: { ...process.env, PORT: String(port), NODE_NO_WARNINGS: "1" },
  });
  let stopping = 0;
  child.on("error", (error) => {
    console.error(`Node-RED could not be started: ${error.message}. Try: npm ci`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(stopping ? 0 : (code ?? (signal ? 1 : 0))));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (!stopping) {
        stopping = Date.now();
        child.kill("SIGTERM");
        setTimeout(() => child.kill("SIGKILL"), PATIENCE).unref();
      }
      // One Ctrl-C may come twice, from the terminal and from npm. One that comes later means it.
      else if (Date.now() - stopping > 1_000) child.kill("SIGKILL");
    });
  }
  announce(`http://${HOST}:${port}`, () => child.exitCode !== null || stopping > 0);
}

/** Says where to look, once there is something to see. */
async function announce(address, over) {
  const until = Date.now() + 60_000;
  while (!over()) {
    if (Date.now() > until) {
      // Settings that the user has changed, say the editor's path.
      console.log(`Node-RED does not answer at ${address}; see ${join(userDir, "settings.js")}.`);
      return;
    }
    if (await answers(`${address}/settings`)) {
      const chat = await answersSoon(`${address}/chat`, over);
      if (over()) return;
      console.log(`\n  Editor     ${address}/`);
      if (chat) console.log(`  Chat page  ${address}/chat`);
      console.log("\nPress Ctrl-C to stop.\n");
      return;
    }
    await pause();
  }
}

/** The flows start a moment after the editor. A user may also have removed the page from them. */
async function answersSoon(url, over) {
  for (let tries = 0; tries < 20 && !over(); tries++) {
    if (await answers(url)) return true;
    await pause();
  }
  return false;
}

async function answers(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    // Where the user has set a password, the editor's answer is 401, and an answer all the same.
    return response.ok || response.status === 401;
  } catch {
    return false;
  }
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, 150));
}
