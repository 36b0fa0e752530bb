/** The process of a reader of the live view. It asks as the tab in the editor does, from "watch" to "rest". */
import { setTimeout as sleep } from "node:timers/promises";

/** As in nodes/streams.feed.editor.ts. */
const INTERVAL_MS = 500;

const [, , address] = process.argv;
let isWatching = false;
let cursor = "";

async function ask() {
  const response = await fetch(`${address}?cursor=${encodeURIComponent(cursor)}`);
  const snapshot = await response.json();
  cursor = snapshot.cursor;
  return snapshot;
}

async function watch() {
  while (isWatching) {
    await sleep(INTERVAL_MS);
    await ask();
  }
}

process.on("message", async (order) => {
  isWatching = order === "watch";
  // The first answer has all rows. It comes once when the tab is opened, before anything is measured.
  if (isWatching) process.send({ running: (await ask()).running });
  if (isWatching) await watch();
  else process.send({ running: 0 });
});
process.on("disconnect", () => process.exit(0));
