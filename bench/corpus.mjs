/**
 * What the bench server says, and what every client must therefore have heard.
 *
 * A cycle of 1,000 deltas the size of a model's tokens, made from a fixed seed, and the Chat Completions records
 * around them. About one delta in thirteen needs more than a copy of its bytes (escaped quotes, line breaks and
 * backslashes, `\u` escapes, UTF-8 of two to four bytes), as in real prose and code: nobody gets away with a
 * decoder that only knows ASCII, and the multi-byte characters fall on the borders of reads and frames too.
 *
 * No delta has a digit in it: the paced streams put digits before each (see `pacedContent`).
 */

const WORDS = (
  "the of and to in is that it for as with was on are be by this from at or an which you have one had not but " +
  "what all were when we there can each other about how up out them then she many some so these would into has " +
  "more her two like him see time could no make than first been its who now people my made over did down only " +
  "way find use may water long little very after words called just where most know stream answer model message " +
  "function return const await import export string number value index chunk token buffer network connection"
).split(" ");

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

/** Deltas as they look on the wire (JSON string contents): some escaped, some raw UTF-8. */
const HARD = [
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

/** Length of the cycle; longer bodies repeat it. */
export const CYCLE = 1000;

/** The contents of the cycle's deltas, as JSON string contents (what stands between the quotes). */
export const encodedDeltas = makeDeltas();

/** The same, decoded: what a client must deliver. */
export const deltas = encodedDeltas.map((encoded) => JSON.parse(`"${encoded}"`));

const cycleText = deltas.join("");

/** The whole text of an answer of `count` deltas. */
export function expectedText(count) {
  const rest = count % CYCLE;
  return cycleText.repeat((count - rest) / CYCLE) + deltas.slice(0, rest).join("");
}

function makeDeltas() {
  const random = generator(20251121);
  const pick = (list) => list[Math.floor(random() * list.length)];
  return Array.from({ length: CYCLE }, () => {
    const dice = random();
    if (dice < 0.075) return pick(HARD);
    if (dice < 0.25) return pick(PIECES);
    return ` ${pick(WORDS)}`;
  });
}

/** A small linear congruential generator: the same text on every machine. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const HEAD =
  'data: {"id":"chatcmpl-CfZkq2vWq3XyTn0a7RbJ5uHsLm9Pd","object":"chat.completion.chunk","created":1763721600,' +
  '"model":"bench-large-2025-11-21","system_fingerprint":"fp_44709d6fcb","choices":[';

/** The record that opens a stream: a role and no text. */
export const ROLE_RECORD = `${HEAD}{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}\n\n`;

/** A record with text: about 240 bytes. */
export function textRecord(encoded) {
  return `${HEAD}{"index":0,"delta":{"content":"${encoded}"},"logprobs":null,"finish_reason":null}]}\n\n`;
}

/**
 * The same with the padding that OpenAI itself adds to each record against traffic analysis: the bytes around the
 * text are then never those of the record before, and a client that skips the parser where they are the same
 * has to parse. Reported beside the burst, so that the table does not flatter such a client.
 */
export function paddedRecord(encoded, position) {
  const padding = "n7Kx2QpLw9ZsTe".slice(0, 1 + ((position * 7) % 14));
  return `${HEAD}{"index":0,"delta":{"content":"${encoded}"},"logprobs":null,"finish_reason":null}],"obfuscation":"${padding}"}\n\n`;
}

/**
 * The same with an id of its own in each record, as some gateways have it: nothing to be gained from the record
 * before. What a chunk costs at worst.
 */
export function variedRecord(encoded, position) {
  return textRecord(encoded).replace("CfZkq2vW", String(position * 7919 + 10_000_000));
}

/** A record with any delta. */
export function deltaRecord(delta, finishReason = null) {
  const choice = { index: 0, delta, logprobs: null, finish_reason: finishReason };
  return `${HEAD}${JSON.stringify(choice)}]}\n\n`;
}

/** The records that end a stream; the usage only where it was asked for. */
export function endRecords(count, withUsage, finishReason = "stop") {
  const records = [deltaRecord({}, finishReason)];
  if (withUsage) {
    const usage = `{"prompt_tokens":9,"completion_tokens":${count},"total_tokens":${count + 9}}`;
    records.push(`${HEAD.slice(0, -1)}[],"usage":${usage}}\n\n`);
  }
  records.push("data: [DONE]\n\n");
  return records;
}

/** Where the contents of a text record's delta begin, in bytes. */
export const TEXT_START = textRecord("").indexOf('"content":"') + 11;

const STAMP_DIGITS = 12;
const SEQUENCE_DIGITS = 4;

/** How many microseconds a stamp can tell apart before it wraps. */
export const STAMP_RANGE = 10 ** STAMP_DIGITS;

/** JSON contents of a paced delta: when it was written (µs), its place in the cycle, the text. Fixed widths. */
export function pacedContent(stamp, position) {
  const time = String(stamp).padStart(STAMP_DIGITS, "0");
  return time + String(position).padStart(SEQUENCE_DIGITS, "0") + encodedDeltas[position];
}

/** The stamp at the start of a paced delta. */
export function stampOf(text) {
  return Number(text.slice(0, STAMP_DIGITS));
}

/** Whether a text is an unbroken run of paced deltas; returns their number, throws where it is not. */
export function checkPacedText(text) {
  let at = 0;
  let count = 0;
  let expected = -1;
  while (at < text.length) {
    const position = Number(text.slice(at + STAMP_DIGITS, at + STAMP_DIGITS + SEQUENCE_DIGITS));
    if (expected >= 0 && position !== expected)
      throw new Error(`delta ${position} came where ${expected} was due`);
    const start = at + STAMP_DIGITS + SEQUENCE_DIGITS;
    if (!text.startsWith(deltas[position], start)) throw new Error(`delta ${position} arrived changed`);
    at = start + deltas[position].length;
    expected = (position + 1) % CYCLE;
    count += 1;
  }
  return count;
}
