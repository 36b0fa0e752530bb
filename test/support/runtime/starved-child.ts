/**
 * A process that runs with a low limit of open files. It asks, opens files up to the limit, asks again, closes the
 * files and asks a third time. It prints the three outcomes as JSON.
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
  const outcomes: string[] = [];
  const addOutcome = ({ result }: ReceivedAnswer) => {
    const { failure } = result;
    outcomes.push(failure ? `${failure.code} ${failure.phase} ${failure.retryable}` : result.outcome);
  };
  addOutcome(await ask(server));
  await server.waitUntilEmpty();
  const files = takeAllFiles();
  addOutcome(await ask(server));
  for (const file of files) closeSync(file);
  addOutcome(await ask(server));
  process.stdout.write(JSON.stringify(outcomes));
}

/** Opens files until the limit is reached. @returns their descriptors */
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
