import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";

/** Waits for something that will be so soon, without a fixed sleep. Throws when it is not so within two seconds. */
export async function waitUntil(
  condition: () => boolean,
  what: string,
  milliseconds: number = 2_000,
): Promise<void> {
  const deadline = performance.now() + milliseconds;
  for (let turns = 0; !condition(); turns++) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    if (turns < 50) await turn();
    else await pause(2);
    // Now the timer is gone too, for those who count them.
    await turn();
  }
}

/** Lets what is due in the event loop happen: reads, callbacks, next ticks. */
export async function waitTicks(count: number = 3): Promise<void> {
  for (let at = 0; at < count; at++) await turn();
}
