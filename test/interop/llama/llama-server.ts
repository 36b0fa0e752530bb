import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { importScript } from "../../support/import-script.js";
import { ROOT } from "../../support/root.js";
import { buildTinyModel } from "./tiny-model.js";

/** Where the server and the model are. Other tools look into `test`, and must not find thousands of files there. */
const FOLDER = join(ROOT, "build/llama");
const MODEL = join(FOLDER, "tiny.gguf");
const PARTS = ["package.json", "package-lock.json", ".npmrc", "left-out", "serve.mjs"];

/** Whether the builds of llama.cpp that are installed run on this machine. */
export const RUNS_LLAMA = process.platform === "linux" && process.arch === "x64";

/** llama.cpp with a model of random weights, behind a server in the form of OpenAI, as a process of its own on loopback. */
export class LlamaServer {
  private process: ChildProcess | undefined;
  /** `http://127.0.0.1:PORT/openai/v1`; `""` until the start. */
  baseUrl = "";

  /** Installs the server, makes the model, and waits until the server answers. @param schema of all answers in JSON */
  async start(schema: object): Promise<void> {
    for (const part of PARTS)
      cpSync(join(__dirname, part), join(FOLDER, part), { recursive: true, preserveTimestamps: true });
    const { ensureInstalled } = await importScript<{ ensureInstalled(folder: string): void }>("setup.mjs");
    ensureInstalled(FOLDER);
    writeFileSync(MODEL, buildTinyModel());
    const child = spawn(process.execPath, ["serve.mjs", MODEL, JSON.stringify(schema)], {
      cwd: FOLDER,
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, NODE_LLAMA_CPP_SKIP_DOWNLOAD: "true" },
    });
    this.process = child;
    for await (const line of createInterface({ input: child.stdout })) {
      const port = /^port (\d+)$/.exec(line)?.[1];
      if (port === undefined) continue;
      this.baseUrl = `http://127.0.0.1:${port}/openai/v1`;
      child.stdout.resume();
      return;
    }
    throw new Error("The server of llama.cpp ended before it answered.");
  }

  async stop(): Promise<void> {
    const { process: child } = this;
    if (!child || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}
