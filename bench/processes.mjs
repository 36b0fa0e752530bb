/** Starts the bench's processes for its runner: the server, and one process per client. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Far longer than any scenario takes: a job that has no result by then hangs. */
const MAX_JOB_MS = 90_000;

const resolveScript = (file) => fileURLToPath(new URL(file, import.meta.url));

/**
 * Starts the server. `readUsage()` resolves to what it did since its start: CPU time, the phases of paced streams that
 * it wrote, and those among them that it wrote late.
 */
export async function startServer() {
  const server = fork(resolveScript("server.mjs"), { execArgv: [] });
  const receive = () => new Promise((resolve) => server.once("message", resolve));
  const readUsage = async () => {
    server.send("usage");
    const { cpu, phases, latePhases } = await receive();
    return { cpuMs: (cpu.user + cpu.system) / 1000, phases, latePhases };
  };
  const { port } = await receive();
  return { baseUrl: `http://127.0.0.1:${port}/v1`, readUsage, stop: () => server.disconnect() };
}

/** Starts the process of a client. Its `run` resolves to `{value}`, `{skipped: reason}` or `{failed: reason}`. */
export function startClient(client, baseUrl) {
  const argument = JSON.stringify({ client, baseUrl });
  const child = fork(resolveScript("client-process.mjs"), [argument], { execArgv: ["--expose-gc"] });
  const run = (scenario, options) =>
    new Promise((resolve) => {
      const settle = (result) => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(result);
      };
      const { saturationMs } = options;
      const timeoutResult = saturationMs
        ? { skipped: `saturated: no timer of its own fired in ${saturationMs / 1000} s` }
        : { failed: `no result after ${MAX_JOB_MS / 1000} s` };
      const timer = setTimeout(settle, saturationMs ?? MAX_JOB_MS, timeoutResult);
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
