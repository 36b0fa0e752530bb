/** The bench's processes as its runner sees them: the server, and one per client. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Far beyond any scenario: what takes longer hangs. */
const JOB_TIMEOUT_MS = 90_000;

const path = (file) => fileURLToPath(new URL(file, import.meta.url));

/** Starts the server; `usage()` asks what it has done so far: CPU time, paced phases, and those that were late. */
export async function startServer() {
  const server = fork(path("server.mjs"), { execArgv: [] });
  const next = () => new Promise((resolve) => server.once("message", resolve));
  const usage = async () => {
    server.send("usage");
    const { cpu, phases, late } = await next();
    return { cpuMs: (cpu.user + cpu.system) / 1000, phases, late };
  };
  const { port } = await next();
  return { baseUrl: `http://127.0.0.1:${port}/v1`, usage, stop: () => server.disconnect() };
}

/** Starts a client's process; `run` resolves to `{value}`, `{skipped}` or `{failed}`. */
export function startClient(client, baseUrl) {
  const child = fork(path("child.mjs"), [JSON.stringify({ client, baseUrl })], { execArgv: ["--expose-gc"] });
  const run = (scenario, options) =>
    new Promise((resolve) => {
      const settle = (result) => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(result);
      };
      const { saturationMs } = options;
      const late = saturationMs
        ? { skipped: `saturated: no timer of its own fired in ${saturationMs / 1000} s` }
        : { failed: `no result after ${JOB_TIMEOUT_MS / 1000} s` };
      const timer = setTimeout(settle, saturationMs ?? JOB_TIMEOUT_MS, late);
      child.once("message", settle);
      child.once("exit", (code) => settle({ failed: `the process ended with code ${code}` }));
      child.send({ scenario, options });
    });
  const stop = () =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", resolve);
      child.kill("SIGKILL");
    });
  return { run, stop };
}
