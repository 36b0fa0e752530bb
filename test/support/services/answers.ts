import type { Peer } from "./peer.js";

/** Formats a record of a streamed answer as a server-sent event. @param fields added to the usual ones */
export function formatRecord(fields: Record<string, unknown>): string {
  return `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", ...fields })}\n\n`;
}

/** Formats a record that adds text to the answer. */
export function formatDelta(content: string): string {
  return formatRecord({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
}

/** Formats the record that ends the only choice. */
export function formatFinish(reason: string = "stop"): string {
  return formatRecord({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
}

/** Token counts of every answer. */
export const USAGE = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };

/** Formats the record with the usage. */
export function formatUsage(): string {
  return formatRecord({ choices: [], usage: USAGE });
}

/** The end marker of a stream. */
export const DONE = "data: [DONE]\n\n";

/** Formats the records of a whole answer: role, texts, finish reason, usage, end marker. */
export function formatAnswer(texts: readonly string[]): string[] {
  return [
    formatRecord({ choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] }),
    ...texts.map(formatDelta),
    formatFinish(),
    formatUsage(),
    DONE,
  ];
}

/** Words with characters of 1 to 4 bytes in UTF-8, quotes and line ends, which test cutting and escaping. */
export const WORDS: readonly string[] = [
  "Grüße",
  " aus",
  ' "Köln"',
  "\n",
  "日本",
  " 👋🏽",
  " x</b>\\",
  " ende",
];

/** The words joined: the text of the whole answer. */
export const TEXT: string = WORDS.join("");

/** An answer that repeats itself: at any place, the rest looks like text that already came. */
export const REFRAIN: readonly string[] = [
  ...["Ja", ".", "\n"],
  ...["Ja", ".", "\n"],
  ...["Oh", " ja", ".", "\n"],
  ...["Ja", "."],
];

/** Sends the whole answer in one write with a content length, so that the connection is free at once. */
export function sendWholeAnswer(peer: Peer): Promise<void> {
  return peer.respond(200, { "content-type": "text/event-stream" }, formatAnswer(WORDS).join(""));
}

/** Sends the words one by one, and then nothing until the client leaves. */
export async function sendAndStall(peer: Peer): Promise<void> {
  await peer.sendStreamHead();
  for (const word of WORDS) await peer.sendBody(formatDelta(word));
  await peer.waitUntilGone();
}

/** Sends the text "." and then nothing until the client leaves. */
export async function sendDotAndStall(peer: Peer): Promise<void> {
  await peer.sendStreamHead();
  await peer.sendBody(formatDelta("."));
  await peer.waitUntilGone();
}
