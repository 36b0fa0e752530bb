/**
 * What is measured of a client, inside the client's own process. Nothing here asserts a time, but every scenario
 * checks the text, and a wrong text fails the client.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { buildExpectedText, CYCLE_LENGTH } from "./corpus.mjs";
import { measurePacedStreams, measureWatchedStreams } from "./paced.mjs";
import { UnavailableError } from "./packages.mjs";
import { computeMean, computeMedian } from "./statistics.mjs";
import { createArguments, FRAGMENT_CHARS } from "./tool-call.mjs";
import { measureWaitingStreams } from "./waiting.mjs";

/** The scenarios by the names that a plan uses. Each takes a client and options, and resolves to its figures. */
export const SCENARIOS = {
  burst: measureBurst,
  first: measureFirstText,
  form: measureForm,
  flat: measureGrowth,
  heap: measureHeap,
  paced: measurePacedStreams,
  saved: measureMessages,
  toolArguments: measureToolArguments,
  waiting: measureWaitingStreams,
  watched: measureWatchedStreams,
};

/** Records that an idle stream has received: enough to be past its start-up. */
const IDLE_RECORDS = 20;

/**
 * Reads one answer of `count` deltas and checks it. With `joined`, it joins the deltas as they arrive and
 * checks them too, not only the whole text that each client returns at the end.
 *
 * V8 collects the garbage when it likes, as in production: the process has one client, which pays for all its garbage
 * sooner or later. A full collection before each answer would shrink the young generation, and the first milliseconds
 * after it would be expensive.
 * @returns CPU µs per delta, of all threads of this process
 */
async function measureAnswer(client, model, count, joined) {
  const expected = buildExpectedText(count);
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
    if (length < expected.length) throw new Error(`only ${length} bytes arrived`);
  } else {
    if (whole !== expected) throw new Error("the whole text is wrong");
    if (length !== expected.length) throw new Error("the deltas do not add up to the text");
    if (joined && text !== expected) throw new Error("the joined deltas differ from the text");
  }
  return (user + system) / count;
}

/** Burst: one whole answer, as fast as the client can read it. The CPU µs per chunk are named after the `kind`. */
async function measureBurst(client, { count, kind, warming }) {
  return { [kind]: await measureAnswer(client, `burst:${count}:${kind}`, count, warming) };
}

/** One whole answer in a form of forms.mjs, with the text compared. The CPU µs per chunk are named after form and framing. */
async function measureForm(client, { form, count, framing }) {
  const expected = buildExpectedText(count);
  const before = process.cpuUsage();
  const text = await client.streamForm(`form:${form}:${count}:${framing}`, form);
  const { user, system } = process.cpuUsage(before);
  if (text !== expected) throw new Error(`the text of the form “${form}” is wrong`);
  return { [`${form} ${framing}`]: (user + system) / count };
}

/** Time from the call to the first delta: the median of short answers, one after another on warm connections. */
async function measureFirstText(client, { answers }) {
  const samples = [];
  for (let answer = 0; answer < answers; answer += 1) samples.push(await measureFirstDelta(client));
  return { firstMs: computeMedian(samples) };
}

async function measureFirstDelta(client) {
  const start = performance.now();
  let firstMs;
  await client.stream(`first:${IDLE_RECORDS}`, () => {
    firstMs ??= performance.now() - start;
  });
  return firstMs;
}

/**
 * Whether the cost of a chunk grows with the length of the answer: a long answer, with short ones before and after it.
 * The short ones have as many chunks in all, so both take long enough to measure and leave as much garbage.
 */
async function measureGrowth(client, { short, long, warming }) {
  const shorts = [];
  const measureShorts = async () => {
    const answers = Math.max(1, long / short / 2);
    for (let answer = 0; answer < answers; answer += 1) {
      shorts.push(await measureAnswer(client, `burst:${short}:frame`, short, warming));
    }
  };
  await measureShorts();
  const figures = warming ? {} : { long: await measureAnswer(client, `burst:${long}:frame`, long, false) };
  await measureShorts();
  return { ...figures, short: computeMean(shorts) };
}

/**
 * A tool call whose arguments arrive in small fragments: CPU µs per fragment at several lengths, and whether it grows
 * with the length. As in `measureGrowth`, short calls with as many fragments in all come before and after the long ones.
 */
async function measureToolArguments(client, { short, long, longest, warming }) {
  if (!client.streamArguments) throw new UnavailableError("this client does not assemble tool calls");
  const measureCall = async (length) => {
    const before = process.cpuUsage();
    const text = await client.streamArguments(`arguments:${length}`);
    const { user, system } = process.cpuUsage(before);
    if (text !== createArguments(length)) throw new Error("the arguments are wrong");
    return (user + system) / (length / FRAGMENT_CHARS);
  };
  const shorts = [];
  const measureShorts = async () => {
    for (let call = 0; call < long / short / 2; call += 1) shorts.push(await measureCall(short));
  };
  await measureShorts();
  const figures = warming ? {} : { long: await measureCall(long), longest: await measureCall(longest) };
  await measureShorts();
  return { ...figures, short: computeMean(shorts) };
}

/** How many messages arrive of a stream at an even pace. It measures no time. */
async function measureMessages(client, { chunks, perSecond }) {
  let messages = 0;
  const whole = await client.stream(`rate:${chunks}:${perSecond}`, () => {
    messages += 1;
  });
  if (whole !== buildExpectedText(chunks)) throw new Error("the whole text is wrong");
  return { messages, fewer: chunks / messages };
}

/** Memory per open stream, in KiB: the live heap with `streams` open and idle, less the live heap before. */
async function measureHeap(client, { streams }) {
  const model = `idle:${IDLE_RECORDS}`;
  const open = [];
  let received = 0;
  const onText = () => {
    received += 1;
  };
  // A few streams first, so that what is made once (pools, caches, compiled code) does not count for the others.
  for (let index = 0; index < 50; index += 1) open.push(client.stream(model, onText));
  for (let index = 0; index < 20; index += 1) await client.stream(`burst:${CYCLE_LENGTH}:frame`, () => {});
  const before = await readLiveMemory(() => received);
  const receivedBefore = received;
  for (let index = 0; index < streams; index += 1) open.push(client.stream(model, onText));
  const after = await readLiveMemory(() => received);
  const deltas = received - receivedBefore;
  if (!client.bytesOnly && deltas !== streams * IDLE_RECORDS)
    throw new Error(`${deltas} deltas arrived instead of ${streams * IDLE_RECORDS}`);
  const perStream = (field) => (after[field] - before[field]) / streams / 1024;
  return { heapKb: perStream("heapUsed"), buffersKb: perStream("arrayBuffers"), open: open.length };
}

/** Reads the memory after a full garbage collection, once `countReceived` has not changed for a while. */
async function readLiveMemory(countReceived) {
  let last = -1;
  while (countReceived() !== last) {
    last = countReceived();
    await sleep(300);
  }
  for (let pass = 0; pass < 3; pass += 1) {
    globalThis.gc();
    await sleep(20);
  }
  return process.memoryUsage();
}
