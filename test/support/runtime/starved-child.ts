/**
 * Run as a process of its own under a low limit of open files: asks once, opens files until there are no more, asks
 * again, closes them, asks a third time. Says in JSON how each went.
 */
import { closeSync, openSync } from "node:fs";
import { DONE, formatDelta } from "../services/answers.js";
import { startChaosServer } from "../services/chaos-server.js";
import { ask, type ReceivedAnswer } from "../worlds/started-stream.js";

async function main(): Promise<void> {
  await using server = await startChaosServer(async (peer) => {
    await peer.sendStreamHead();
    await peer.sendBody(formatDelta("x"));
    await peer.sendBody(DONE);
    await peer.waitUntilGone();
  });
  const heard: string[] = [];
  const note = ({ result }: ReceivedAnswer) => {
    const { failure } = result;
    heard.push(failure ? `${failure.code} ${failure.phase} ${failure.retryable}` : result.outcome);
  };
  note(await ask(server));
  await server.waitUntilEmpty();
  const files = takeAllFiles();
  note(await ask(server));
  for (const file of files) closeSync(file);
  note(await ask(server));
  process.stdout.write(JSON.stringify(heard));
}

function takeAllFiles(): number[] {
  const files: number[] = [];
  for (;;) {
    try {
      files.push(openSync("/dev/null", "r"));
    } catch {
      return files;
    }
  }
}

void main();
