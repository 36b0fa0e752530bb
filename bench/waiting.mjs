/** How long a user waits when thousands of streams, which wait in the queue of their provider, are stopped. */
import { setTimeout as sleep } from "node:timers/promises";

/** A stream that has its first text and then waits until it is stopped. */
const MODEL = "idle:1";

/** Time in which what is begun settles. */
const SETTLE_MS = 1_000;

/**
 * Measures a client whose provider takes few requests at once, and whose chat-stream lets the newest question of a topic
 * replace the others. All figures are in milliseconds:
 *
 * - `turn`: the longest turn of the event loop after `msg.cancel`
 * - `next`: from `msg.cancel` to the first text of the answer to a question that follows it
 * - `all`: from `msg.cancel` to the last message of the last stream
 * - `replaced`: from the newest of as many questions of one topic, all in one turn, to the first text of its answer
 */
export async function measureWaitingStreams(client, { streams }) {
  const ask = (topic) => askFirstText(client, topic);
  const waiting = Array.from({ length: streams }, (_none, at) => ask(`topic ${at}`));
  await sleep(SETTLE_MS);
  const stopWatch = watchTurns();
  const cancelledAt = performance.now();
  client.send({ cancel: true });
  const nextMs = await ask("next").firstText;
  await Promise.all(waiting.map(({ whole }) => whole));
  const all = performance.now() - cancelledAt;
  const turn = stopWatch();
  client.send({ cancel: true });
  await sleep(SETTLE_MS);

  const replaced = Array.from({ length: streams }, () => ask("one"));
  const replacedMs = await ask("one").firstText;
  await Promise.all(replaced.map(({ whole }) => whole));
  client.send({ cancel: true });
  await sleep(SETTLE_MS);
  return { turn, next: nextMs, all, replaced: replacedMs };
}

/** Asks a question. `firstText` resolves to the time until then, `whole` at the last message. */
function askFirstText(client, topic) {
  const askedAt = performance.now();
  const { promise: firstText, resolve } = Promise.withResolvers();
  const whole = client.stream(MODEL, () => resolve(performance.now() - askedAt), { topic });
  return { firstText, whole };
}

/** Watches the turns of the event loop. @returns ends that, and tells how long the longest turn took */
function watchTurns() {
  let longest = 0;
  let last = performance.now();
  let timer = setImmediate(look);
  function look() {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    timer = setImmediate(look);
  }
  return () => {
    look();
    clearImmediate(timer);
    return longest;
  };
}
