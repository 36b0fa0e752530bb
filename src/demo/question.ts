import type { DemoMessage } from "./prompt.js";

/** The question of the user, with the conversation before it. */
export interface Question {
  /** The last user message, trimmed and cut after {@link MAX_READ_CHARS}. */
  readonly text: string;
  /** `text` in lower case. */
  readonly lower: string;
  /** The last user message as it came. */
  readonly whole: string;
  readonly attachments: number;
  /** The addresses of the images of the last user message. */
  readonly pictures: readonly string[];
  /** Earlier user messages, oldest first, each cut like `text`. */
  readonly earlier: readonly string[];
  /** All system and developer messages, cut like `text`. */
  readonly system: string;
  /** Which of the `n` choices is wanted, from 0. */
  readonly choice: number;
}

/** One thing that the demo model can do. */
export interface Skill {
  /** What `demo-reasoning` thinks when it recognises the question. */
  readonly thought: string;
  /** @returns the answer; undefined if the question is for another skill */
  answer(question: Question): string | undefined;
}

/** Only the start of a message is searched with patterns, so that megabytes of prompt stay cheap. */
const MAX_READ_CHARS = 4_000;
const MAX_EARLIER_MESSAGES = 200;

export function buildQuestion(messages: readonly DemoMessage[], choice: number): Question {
  const last = messages.findLastIndex(({ role }) => role === "user");
  const earlier = messages.slice(0, Math.max(last, 0)).filter(({ role }) => role === "user");
  const system = messages.filter(({ role }) => role === "system" || role === "developer");
  const whole = messages[last]?.text ?? "";
  const text = cutLongText(whole);
  return {
    text,
    lower: text.toLowerCase(),
    whole,
    attachments: messages[last]?.attachments ?? 0,
    pictures: messages[last]?.pictures ?? [],
    earlier: earlier.slice(-MAX_EARLIER_MESSAGES).map((message) => cutLongText(message.text)),
    system: cutLongText(system.map((message) => cutLongText(message.text)).join("\n")),
    choice,
  };
}

/** The first {@link MAX_READ_CHARS} of a text, trimmed, never with half of a surrogate pair at the end. */
export function cutLongText(text: string): string {
  return text
    .slice(0, MAX_READ_CHARS)
    .replace(/[\ud800-\udbff]$/, "")
    .trim();
}
