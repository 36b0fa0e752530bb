/** A function call that an earlier assistant message made. */
export interface CallMade {
  readonly id: string;
  readonly name: string;
  /** JSON text, as the model wrote it. */
  readonly arguments: string;
}

export type Role = "system" | "developer" | "user" | "assistant" | "tool" | "function";

/** One message of the request, reduced to what the responder reads. */
export interface ChatMessage {
  readonly role: Role;
  /** All text parts joined. */
  readonly text: string;
  /** Parts that are no text (images, audio, files). */
  readonly attachments: number;
  readonly toolCalls: readonly CallMade[];
  readonly toolCallId: string | undefined;
}

/** What is asked now, with what was said before. */
export interface Question {
  /** The last user message, trimmed, its first {@link READ} characters. */
  readonly text: string;
  readonly lower: string;
  /** The last user message as it came. */
  readonly whole: string;
  readonly attachments: number;
  /** Everything before the last user message. */
  readonly history: readonly ChatMessage[];
  /** All system and developer messages, bounded like the question. */
  readonly system: string;
  /** Chooses among equally good wordings: the same question gives the same number. */
  readonly salt: number;
}

/** One thing that the demo model can do. */
export interface Skill {
  /** What `demo-reasoning` thinks when it recognises the question. */
  readonly thought: string;
  /** @returns the answer, or undefined where the question is for another skill. */
  answer(question: Question): string | undefined;
}

/** Characters of a message that are searched for what it means; patterns stay cheap on megabytes of prompt. */
const READ = 4_000;

/** @param choice which of the `n` answers is wanted; each has its own salt. */
export function questionOf(messages: readonly ChatMessage[], choice: number): Question {
  const at = messages.findLastIndex((message) => message.role === "user");
  const asked = messages[at];
  const whole = asked?.text ?? "";
  const text = bounded(whole);
  return {
    text,
    lower: text.toLowerCase(),
    whole,
    attachments: asked?.attachments ?? 0,
    history: messages.slice(0, Math.max(at, 0)),
    system: bounded(
      messages
        .filter((message) => message.role === "system" || message.role === "developer")
        .map((message) => bounded(message.text))
        .join("\n"),
    ),
    salt: hash(text) + choice,
  };
}

/** Earlier messages of the user, oldest first, bounded like the question itself. */
export function earlierQuestions(question: Question): string[] {
  return question.history
    .filter((message) => message.role === "user")
    .slice(-200)
    .map((message) => bounded(message.text));
}

/** The first {@link READ} characters, trimmed, never half of a surrogate pair. */
export function bounded(text: string): string {
  return text
    .slice(0, READ)
    .replace(/[\ud800-\udbff]$/, "")
    .trim();
}

/** A short quotation of what someone said, on one line. */
export function quoted(text: string, length = 120): string {
  const line = text.replace(/\s+/g, " ").trim();
  const characters = [...line.slice(0, length * 2)];
  return characters.length <= length && line.length <= length * 2
    ? `“${line}”`
    : `“${characters.slice(0, length).join("").trimEnd()}…”`;
}

/** One of `list`, by the question's salt; `turn` gives independent picks within one answer. */
export function pick<T>(list: readonly T[], salt: number, turn = 0): T {
  return list[(salt + turn * 7) % list.length]!;
}

/** FNV-1a, 31 bits: small, well spread, and the same on every machine. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  return (value >>> 1) % 1_000_003;
}
