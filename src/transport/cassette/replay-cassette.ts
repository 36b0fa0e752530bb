import { basename, dirname, resolve } from "node:path";
import { systemClock } from "../system-clock.js";
import { CassetteFile } from "./cassette-file.js";
import { CassettePlayer } from "./player.js";

/**
 * Creates a dispatcher that answers requests from a cassette, which a chat-provider has recorded. Pass it as the option
 * `dispatcher`. No service is asked. A request that was not recorded fails as `not_found` and says what differs.
 * @param path the cassette, a JSON file. It is read with the first request, and again if it changes.
 * @param options `atOnce`: whether to leave out the recorded pauses; default: false
 */
export function replayCassette(path: string, { atOnce = false }: { atOnce?: boolean } = {}): CassettePlayer {
  const full = resolve(path);
  return new CassettePlayer({
    file: new CassetteFile(dirname(full), basename(full)),
    clock: systemClock,
    atOnce,
  });
}
