import { basename, dirname, resolve } from "node:path";
import { systemClock } from "../system-clock.js";
import { CassetteFile } from "./cassette-file.js";
import { CassettePlayer } from "./player.js";

/**
 * Answers requests from a cassette that a chat-provider has recorded, for the option `dispatcher`. No service is asked. A request
 * that was not recorded fails as `not_found` and says what differs.
 * @param path the cassette, a JSON file. It is read with the first request, and again if it changes
 * @param options `atOnce`: leave out the pauses. Default: false
 */
export function replayCassette(path: string, { atOnce = false }: { atOnce?: boolean } = {}): CassettePlayer {
  const full = resolve(path);
  return new CassettePlayer({
    file: new CassetteFile(dirname(full), basename(full)),
    clock: systemClock,
    atOnce,
  });
}
