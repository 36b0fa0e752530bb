/** Many streams at the pace of a model: 50 tokens a second each. */
import { setTimeout as sleep } from "node:timers/promises";
import { readClockMs } from "./clock.mjs";
import { checkPacedText, readStamp, STAMP_RANGE_US, TEXT_START_BYTES } from "./corpus.mjs";
import { computeMean, computeQuantile, MIN_KEPT_UP } from "./statistics.mjs";

/** How long a saturated client may take to open its streams. */
const MAX_OPENING_MS = 6000;

/**
 * CPU in a window in which all streams are open, and how long after its writing a delta arrives. Then the server ends the
 * streams, and each must have received consecutive deltas.
 */
export async function measurePacedStreams(client, { streams, settleMs, windowMs }) {
  const latenciesUs = new Float64Array(Math.ceil((streams * windowMs) / 10));
  let latencies = 0;
  const paced = await openPacedStreams(client, streams, (text) => {
    latenciesUs[latencies % latenciesUs.length] =
      (readClockMs() * 1000 - readStamp(text) + STAMP_RANGE_US) % STAMP_RANGE_US;
    latencies += 1;
  });
  await sleep(settleMs);
  const { cpuUs, elapsedMs, received } = await paced.measure(windowMs);
  const sorted = latenciesUs.slice(0, Math.min(latencies, latenciesUs.length)).sort();
  const figures = {
    cpuPercent: cpuUs / elapsedMs / 10,
    cpuPerChunk: cpuUs / received,
    keptUp: received / (elapsedMs * 0.05 * streams),
    p50Ms: computeQuantile(sorted, 0.5) / 1000,
    p99Ms: computeQuantile(sorted, 0.99) / 1000,
  };
  await paced.finish(figures.keptUp);
  return figures;
}

/**
 * CPU per chunk with the live view of the editor open, to that with the view closed: in turns, while the same streams run.
 * The reader of the view is a process of its own.
 */
export async function measureWatchedStreams(client, { streams, settleMs, windowMs, windows }) {
  const paced = await openPacedStreams(client, streams, () => {});
  await sleep(settleMs);
  const costs = { open: [], closed: [] };
  let keptUp = 1;
  for (let at = 0; at < windows; at += 1) {
    for (const view of at % 2 === 0 ? ["closed", "open"] : ["open", "closed"]) {
      const stop = view === "open" ? await client.watch() : () => {};
      const { cpuUs, elapsedMs, received } = await paced.measure(windowMs);
      await stop();
      costs[view].push(cpuUs / received);
      keptUp = Math.min(keptUp, received / (elapsedMs * 0.05 * streams));
    }
  }
  await paced.finish(keptUp);
  const [open, closed] = [computeMean(costs.open), computeMean(costs.closed)];
  return { open, closed, ratio: open / closed, keptUp };
}

/**
 * Opens streams and waits until all have text.
 * @param onMeasured gets each delta of a window that is measured
 */
async function openPacedStreams(client, streams, onMeasured) {
  const texts = new Array(streams).fill("");
  let open = 0;
  let received = 0;
  let measuring = false;
  let failure;
  const answers = texts.map(async (_, index) => {
    const onText = (delta) => {
      const text = client.bytesOnly ? readFrameText(delta) : delta;
      if (text === "") return;
      if (texts[index] === "") open += 1;
      texts[index] += text;
      if (!measuring) return;
      onMeasured(text);
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
  // A saturated client may never open all streams. It is measured with those that it has; `keptUp` shows it.
  for (let waitedMs = 0; open < streams && failure === undefined && waitedMs < MAX_OPENING_MS; waitedMs += 50)
    await sleep(50);

  /** Measures a window. @returns its CPU time, its length and the deltas in it */
  async function measure(windowMs) {
    received = 0;
    measuring = true;
    const start = performance.now();
    const before = process.cpuUsage();
    await sleep(windowMs);
    const { user, system } = process.cpuUsage(before);
    const elapsedMs = performance.now() - start;
    measuring = false;
    if (failure === undefined && received === 0) throw new Error("no delta arrived");
    return { cpuUs: user + system, elapsedMs, received };
  }

  /** Has the server end the streams, and checks their texts. */
  async function finish(keptUp) {
    // A saturated client would still be reading a minute later. What it has is checked, and the runner kills its process.
    if (keptUp > MIN_KEPT_UP) {
      const end = await fetch(`${client.baseUrl}/chat/completions`, {
        method: "POST",
        body: '{"model":"end"}',
      });
      await end.arrayBuffer();
      await Promise.all(answers);
    }
    if (failure !== undefined) throw failure;
    if (!client.bytesOnly) for (const text of texts) checkPacedText(text);
  }

  return { measure, finish };
}

/** For the client that parses nothing: reads the paced delta of a frame that is one record; "" for other frames. */
function readFrameText(frame) {
  const [zero, nine, quote] = [48, 57, 34];
  const first = frame[TEXT_START_BYTES];
  if (!(first >= zero && first <= nine)) return "";
  return frame.latin1Slice(TEXT_START_BYTES, frame.indexOf(quote, TEXT_START_BYTES));
}
