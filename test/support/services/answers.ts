import type { Peer } from "./peer.js";

/** A record of a streamed answer as a service writes it, by default with answer text. */
export function formatRecord(fields: Record<string, unknown>): string {
  return `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m", ...fields })}\n\n`;
}

/** A record with a piece of answer text. */
export function formatDelta(content: string): string {
  return formatRecord({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
}

/** The record that ends the only choice. */
export function formatFinish(reason: string = "stop"): string {
  return formatRecord({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
}

export const USAGE = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };

/** The record that brings the usage. */
export const formatUsage = (): string => formatRecord({ choices: [], usage: USAGE });

export const DONE = "data: [DONE]\n\n";

/** The records of a whole answer with this text. */
export function formatAnswer(texts: readonly string[]): string[] {
  return [
    formatRecord({ choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] }),
    ...texts.map(formatDelta),
    formatFinish(),
    formatUsage(),
    DONE,
  ];
}

/** Words of every width that UTF-8 knows, with quotes and line ends: what cutting and escaping get wrong. */
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

export const TEXT: string = WORDS.join("");

/** An answer that says the same again and again: at any place its rest is nothing new, to its last full stop. */
export const REFRAIN: readonly string[] = [
  ...["Ja", ".", "\n"],
  ...["Ja", ".", "\n"],
  ...["Oh", " ja", ".", "\n"],
  ...["Ja", "."],
];

/** The whole answer in one write of known length, after which the connection is free at once. */
export function sendWholeAnswer(peer: Peer): Promise<void> {
  return peer.respond(200, { "content-type": "text/event-stream" }, formatAnswer(WORDS).join(""));
}

/** Says the words one by one, and then nothing more. */
export async function sendAndStall(peer: Peer): Promise<void> {
  await peer.sendStreamHead();
  for (const word of WORDS) await peer.sendBody(formatDelta(word));
  await peer.waitUntilGone();
}
