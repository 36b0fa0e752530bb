/**
 * What is measured of a client, inside the client's own process. Nothing here asserts a time; everything checks
 * the text, and a wrong one fails the client.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { argumentsOf, FRAGMENT } from "./arguments.mjs";
import { now } from "./clock.mjs";
import { CYCLE, checkPacedText, expectedText, STAMP_RANGE, stampOf, TEXT_START } from "./corpus.mjs";
import { Unavailable } from "./packages.mjs";
import { median, quantile, SATURATED } from "./statistics.mjs";

/** Records that an open and idle stream has had: enough to be past its beginnings. */
const IDLE_RECORDS = 20;

/**
 * One answer of `count` deltas, checked; returns CPU µs per delta, of all threads of this process.
 * `joined` has the deltas joined as they were handed out, besides the whole text that each client gives at the end.
 *
 * The garbage is left to V8, as in life: the process has one client, which pays for all of its own sooner or later.
 * A full collection before each run would shrink the young generation and make the first milliseconds after it dear.
 */
async function run(client, model, count, joined) {
  const expected = expectedText(count);
  let text = "";
  let length = 0;
  const onText = joined
    ? (delta) => {
        text += delta;
        length += delta.length;
      }
    : (delta) => {
        length += delta.length;
      };
  const before = process.cpuUsage();
  const whole = await client.stream(model, onText);
  const { user, system } = process.cpuUsage(before);
  if (client.bytesOnly) {
    if (length < expected.length) throw new Error(`${length} bytes came`);
  } else {
    if (whole !== expected) throw new Error("the whole text is wrong");
    if (length !== expected.length) throw new Error("the deltas do not add up to the text");
    if (joined && text !== expected) throw new Error("the deltas joined are not the text");
  }
  return (user + system) / count;
}

/** Burst: one whole answer of a kind, as fast as it can be read; CPU µs per chunk, under the kind's name. */
export async function burst(client, { count, kind, warming }) {
  return { [kind]: await run(client, `burst:${count}:${kind}`, count, warming) };
}

/** Time from the call to the first delta, in ms: p50 of short answers, one after another on warm connections. */
export async function first(client, { answers }) {
  const samples = [];
  for (let answer = 0; answer < answers; answer += 1) samples.push(await firstDelta(client));
  return { firstMs: median(samples) };
}

async function firstDelta(client) {
  const start = performance.now();
  let first;
  await client.stream(`first:${IDLE_RECORDS}`, () => {
    first ??= performance.now() - start;
  });
  return first;
}

/**
 * Whether the cost of a chunk grows with the length of the answer: a long one, with short ones before and after it
 * that have as many chunks together, so that both are long enough to measure and leave as much garbage.
 */
export async function flat(client, { short, long, warming }) {
  const shorts = [];
  const runShorts = async () => {
    const times = Math.max(1, long / short / 2);
    for (let time = 0; time < times; time += 1) {
      shorts.push(await run(client, `burst:${short}:frame`, short, warming));
    }
  };
  await runShorts();
  const result = warming ? {} : { long: await run(client, `burst:${long}:frame`, long, false) };
  await runShorts();
  return { ...result, short: shorts.reduce((sum, each) => sum + each) / shorts.length };
}

/**
 * A tool call whose arguments come in pieces of a few characters: CPU µs per piece at several lengths, and whether it
 * grows with the length. As in `flat`, the short ones lie around the long ones, as many pieces as one long one has.
 */
export async function toolArguments(client, { short, long, longest, warming }) {
  if (!client.toolArguments) throw new Unavailable("it gathers no tool calls");
  const gathered = async (length) => {
    const before = process.cpuUsage();
    const text = await client.toolArguments(`arguments:${length}`);
    const { user, system } = process.cpuUsage(before);
    if (text !== argumentsOf(length)) throw new Error("the arguments are wrong");
    return (user + system) / (length / FRAGMENT);
  };
  const shorts = [];
  const runShorts = async () => {
    for (let time = 0; time < long / short / 2; time += 1) shorts.push(await gathered(short));
  };
  await runShorts();
  const result = warming ? {} : { long: await gathered(long), longest: await gathered(longest) };
  await runShorts();
  return { ...result, short: shorts.reduce((sum, each) => sum + each) / shorts.length };
}

/** Messages that arrive of a stream at an even pace: a count, and no time. */
export async function saved(client, { chunks, perSecond }) {
  let messages = 0;
  const whole = await client.stream(`rate:${chunks}:${perSecond}`, () => {
    messages += 1;
  });
  if (whole !== expectedText(chunks)) throw new Error("the whole text is wrong");
  return { messages, fewer: chunks / messages };
}

/**
 * Many streams of 50 tokens a second: CPU over a window in which all are open, and how much later than it was
 * written a delta arrives. Then the server ends them, and each must have had an unbroken run of its deltas.
 */
export async function paced(client, { streams, settleMs, windowMs }) {
  const texts = new Array(streams).fill("");
  const latencies = new Float64Array(Math.ceil((streams * windowMs) / 10));
  let open = 0;
  let received = 0;
  let measuring = false;
  let failure;
  const answers = texts.map(async (_, index) => {
    const onText = (delta) => {
      const text = client.bytesOnly ? textIn(delta) : delta;
      if (text === "") return;
      if (texts[index] === "") open += 1;
      texts[index] += text;
      if (!measuring) return;
      latencies[received % latencies.length] = (now() * 1000 - stampOf(text) + STAMP_RANGE) % STAMP_RANGE;
      received += 1;
    };
    try {
      const whole = await client.stream("paced", onText);
      if (!client.bytesOnly && whole !== texts[index])
        throw new Error("the deltas do not add up to the text");
    } catch (error) {
      failure ??= error;
    }
  });
  // A saturated client may never have them all; it is measured with what it has, and `keptUp` tells.
  for (let waited = 0; open < streams && failure === undefined && waited < 6000; waited += 50)
    await sleep(50);
  await sleep(settleMs);
  measuring = true;
  const start = performance.now();
  const before = process.cpuUsage();
  await sleep(windowMs);
  const { user, system } = process.cpuUsage(before);
  const elapsedMs = performance.now() - start;
  measuring = false;
  const sorted = latencies.slice(0, Math.min(received, latencies.length)).sort();
  const result = {
    cpuPercent: (user + system) / elapsedMs / 10,
    cpuPerChunk: (user + system) / received,
    keptUp: received / (elapsedMs * 0.05 * streams),
    p50Ms: quantile(sorted, 0.5) / 1000,
    p99Ms: quantile(sorted, 0.99) / 1000,
  };
  // A saturated client would still be reading a minute later: it is checked by what it had, and its process killed.
  if (result.keptUp > SATURATED) {
    const end = await fetch(`${client.baseUrl}/chat/completions`, {
      method: "POST",
      body: '{"model":"end"}',
    });
    await end.arrayBuffer();
    await Promise.all(answers);
  }
  if (failure !== undefined) throw failure;
  if (received === 0) throw new Error("no delta came");
  if (!client.bytesOnly) for (const text of texts) checkPacedText(text);
  return result;
}

/** For the client that does not parse: the paced delta in a frame that is one record, `""` in the others. */
function textIn(frame) {
  const isText = frame.length > TEXT_START && frame[TEXT_START] >= 48 && frame[TEXT_START] <= 57;
  return isText ? frame.latin1Slice(TEXT_START, frame.indexOf(34, TEXT_START)) : "";
}

/** Heap per open stream: the live heap with `streams` open and idle, less the live heap before. */
export async function heap(client, { streams }) {
  const model = `idle:${IDLE_RECORDS}`;
  const open = [];
  let heard = 0;
  const onText = () => {
    heard += 1;
  };
  // A few first, so that what is made once (pools, caches, compiled code) is not charged to the streams.
  for (let index = 0; index < 50; index += 1) open.push(client.stream(model, onText));
  for (let index = 0; index < 20; index += 1) await client.stream(`burst:${CYCLE}:frame`, () => {});
  const before = await liveHeap(() => heard);
  const heardBefore = heard;
  for (let index = 0; index < streams; index += 1) open.push(client.stream(model, onText));
  const after = await liveHeap(() => heard);
  if (!client.bytesOnly && heard - heardBefore !== streams * IDLE_RECORDS)
    throw new Error(`${heard} deltas came`);
  const each = (field) => (after[field] - before[field]) / streams / 1024;
  return { heapKb: each("heapUsed"), buffersKb: each("arrayBuffers"), open: open.length };
}

/** The heap after a full collection, once nothing has arrived for a while. */
async function liveHeap(heard) {
  let last = -1;
  while (heard() !== last) {
    last = heard();
    await sleep(300);
  }
  for (let pass = 0; pass < 3; pass += 1) {
    globalThis.gc();
    await sleep(20);
  }
  return process.memoryUsage();
}
