/**
 * The text that the bench server sends, and that every client must deliver.
 *
 * It is a cycle of 1,000 deltas of the size of a model's tokens, made from a fixed seed, in Chat Completions records.
 * As in real prose and code, about one delta in thirteen needs more than a copy of its bytes: escaped quotes, line
 * breaks and backslashes, `\u` escapes, UTF-8 of two to four bytes. A decoder that knows only ASCII would fail, and
 * multi-byte characters are also cut by the borders of reads and frames.
 *
 * No delta has a digit in it, because paced streams put digits before each delta (see `createPacedContent`).
 */

const WORDS = (
  "the of and to in is that it for as with was on are be by this from at or an which you have one had not but " +
  "what all were when we there can each other about how up out them then she many some so these would into has " +
  "more her two like him see time could no make than first been its who now people my made over did down only " +
  "way find use may water long little very after words called just where most know stream answer model message " +
  "function return const await import export string number value index chunk token buffer network connection"
).split(" ");

/** Word endings and punctuation. */
const PIECES = [
  "ing",
  "ed",
  "ly",
  "tion",
  "s",
  ",",
  ".",
  ":",
  " (",
  ")",
  " =",
  ";",
  "er",
  "ness",
  "-",
  " {",
  "}",
];

/** Deltas that take work to decode, as they look on the wire (JSON string contents): some escaped, some raw UTF-8. */
const HARD_DELTAS = [
  "\\n\\n",
  "\\n",
  ' \\"quoted',
  '\\"',
  ".\\n\\n",
  "\\n  ",
  "\\\\",
  "\\t",
  " café",
  " naïve",
  " —",
  "“",
  "’s",
  " caf\\u00e9",
  "\\u2019t",
  " 日本語",
  "、",
  " 🙂",
  "\\ud83d\\ude80",
  " Größe",
];

/** Number of deltas in the cycle. Longer answers repeat it. */
export const CYCLE_LENGTH = 1000;

/** The cycle's deltas as JSON string contents, without the quotes around them. */
export const encodedDeltas = createDeltas();

/** The cycle's deltas decoded, as a client must deliver them. */
export const deltas = encodedDeltas.map((encoded) => JSON.parse(`"${encoded}"`));

const cycleText = deltas.join("");

/** Builds the whole text of an answer of `count` deltas. */
export function buildExpectedText(count) {
  const rest = count % CYCLE_LENGTH;
  return cycleText.repeat((count - rest) / CYCLE_LENGTH) + deltas.slice(0, rest).join("");
}

function createDeltas() {
  const random = createRandom(20251121);
  const pick = (list) => list[Math.floor(random() * list.length)];
  return Array.from({ length: CYCLE_LENGTH }, () => {
    const dice = random();
    if (dice < 0.075) return pick(HARD_DELTAS);
    if (dice < 0.25) return pick(PIECES);
    return ` ${pick(WORDS)}`;
  });
}

/** Creates a linear congruential generator of numbers from 0 to 1: the same numbers on every machine. */
function createRandom(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const RECORD_HEAD =
  'data: {"id":"chatcmpl-CfZkq2vWq3XyTn0a7RbJ5uHsLm9Pd","object":"chat.completion.chunk","created":1763721600,' +
  '"model":"bench-large-2025-11-21","system_fingerprint":"fp_44709d6fcb","choices":[';

/** The record that opens a stream: it has a role and no text. */
export const ROLE_RECORD = `${RECORD_HEAD}{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}\n\n`;

/** Creates a record with text: about 240 bytes. */
export function createTextRecord(encoded) {
  return `${RECORD_HEAD}{"index":0,"delta":{"content":"${encoded}"},"logprobs":null,"finish_reason":null}]}\n\n`;
}

/**
 * Creates a text record with padding, which OpenAI adds to each record against traffic analysis. The bytes around the
 * text then differ from those of the record before, so a client that skips the parser for equal bytes has to parse.
 * It is reported beside the burst, so that the table does not flatter such a client.
 */
export function createPaddedRecord(encoded, position) {
  const padding = "n7Kx2QpLw9ZsTe".slice(0, 1 + ((position * 7) % 14));
  return `${RECORD_HEAD}{"index":0,"delta":{"content":"${encoded}"},"logprobs":null,"finish_reason":null}],"obfuscation":"${padding}"}\n\n`;
}

/**
 * Creates a text record with an id of its own, as some gateways send it. A client can reuse nothing from the record
 * before, so this is the highest cost of a chunk.
 */
export function createVariedRecord(encoded, position) {
  return createTextRecord(encoded).replace("CfZkq2vW", String(position * 7919 + 10_000_000));
}

/** Creates a record with any delta. */
export function createDeltaRecord(delta, finishReason = null) {
  const choice = { index: 0, delta, logprobs: null, finish_reason: finishReason };
  return `${RECORD_HEAD}${JSON.stringify(choice)}]}\n\n`;
}

/** Creates the records that end a stream, with the usage if the client asked for it. */
export function createEndRecords(count, withUsage, finishReason = "stop") {
  const records = [createDeltaRecord({}, finishReason)];
  if (withUsage) {
    const usage = `{"prompt_tokens":9,"completion_tokens":${count},"total_tokens":${count + 9}}`;
    records.push(`${RECORD_HEAD.slice(0, -1)}[],"usage":${usage}}\n\n`);
  }
  records.push("data: [DONE]\n\n");
  return records;
}

/** Where the text begins in a text record, in bytes. */
export const TEXT_START_BYTES = createTextRecord("").indexOf('"content":"') + 11;

const STAMP_DIGITS = 12;
const POSITION_DIGITS = 4;

/** A stamp counts microseconds up to this number, then starts again at 0. */
export const STAMP_RANGE_US = 10 ** STAMP_DIGITS;

/**
 * Creates a paced delta as JSON string contents: a stamp (when it is written, in µs), its position in the cycle, and
 * the text. Both numbers have a fixed width.
 */
export function createPacedContent(stamp, position) {
  const time = String(stamp).padStart(STAMP_DIGITS, "0");
  return time + String(position).padStart(POSITION_DIGITS, "0") + encodedDeltas[position];
}

/** Reads the stamp at the start of a paced delta. */
export function readStamp(text) {
  return Number(text.slice(0, STAMP_DIGITS));
}

/**
 * Checks that a text consists of consecutive paced deltas.
 * @throws Error if a delta is missing, changed or out of order
 */
export function checkPacedText(text) {
  let at = 0;
  let expected = -1;
  while (at < text.length) {
    const position = Number(text.slice(at + STAMP_DIGITS, at + STAMP_DIGITS + POSITION_DIGITS));
    if (expected >= 0 && position !== expected)
      throw new Error(`delta ${position} arrived instead of delta ${expected}`);
    const start = at + STAMP_DIGITS + POSITION_DIGITS;
    if (!text.startsWith(deltas[position], start)) throw new Error(`delta ${position} arrived changed`);
    at = start + deltas[position].length;
    expected = (position + 1) % CYCLE_LENGTH;
  }
}
