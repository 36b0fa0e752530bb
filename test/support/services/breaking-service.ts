import type { Chunk } from "../../../src/core/chat/chunk.js";
import type { Reply, Script, ServiceRequest } from "./scripted-service.js";

/** Ways in which an answer breaks off. */
export const FAULTS = ["reset", "close", "stall", "429", "500", "error", "malformed"] as const;
export type FaultKind = (typeof FAULTS)[number];

/** A fault and when it happens. */
export interface PlannedFault {
  kind: FaultKind;
  /** How many pieces are sent before it. */
  after: number;
}

interface PromptMessage {
  role: string;
  content: string;
}

/** Reads the answer that a request asks to continue; `""` if it asks for a new one. */
export function readBegunAnswer({ body }: ServiceRequest): string {
  return (body["messages"] as PromptMessage[]).find(({ role }) => role === "assistant")?.content ?? "";
}

/** Reads the first message of the user. */
export function readQuestion({ body }: ServiceRequest): string {
  return (body["messages"] as PromptMessage[]).find(({ role }) => role === "user")!.content;
}

/** Removes the beginning of a text. @throws Error if the text does not begin with it */
export function removeStart(text: string, start: string): string {
  if (!text.startsWith(start)) throw new Error(`The answer does not begin with “${start}”.`);
  return text.slice(start.length);
}

/**
 * A service with one answer to every question. It continues an answer that the request begins. Faults are planned for each
 * question.
 */
export class BreakingService {
  /** Planned faults by question, one per request in order. A request without one gets the whole answer. */
  readonly faults = new Map<string, PlannedFault[]>();
  /** How many characters the model repeats before it continues, if the begun answer is that long. */
  repeats = 0;
  /** Chunks before the text of each answer, such as reasoning. */
  opening: readonly Chunk[] = [];
  /** How many answers have stalled. */
  stalledCount = 0;

  constructor(private readonly pieces: readonly (string | Chunk)[]) {}

  get text(): string {
    return joinTexts(this.pieces);
  }

  /** The chunks after all text, such as tool calls. */
  private get tail(): (string | Chunk)[] {
    return this.pieces.slice(this.pieces.findLastIndex((piece) => typeof piece === "string") + 1);
  }

  readonly script: Script = async (reply, request) => {
    const begun = readBegunAnswer(request);
    const pieces = begun === "" ? this.pieces : [...splitWords(removeStart(this.text, begun)), ...this.tail];
    const fault = this.faults.get(readQuestion(request))?.shift();
    if (!fault) {
      const repeated = begun.length < this.repeats ? "" : begun.slice(begun.length - this.repeats);
      await reply.sendApart(...this.opening, ...splitWords(repeated), ...pieces);
      reply.finish();
      return;
    }
    const before = pieces.slice(0, fault.after);
    // Before the answer, the fault is an HTTP status; later it is an error in the stream.
    const isRefusal = fault.after === 0 && /^\d+$/.test(fault.kind);
    if (!isRefusal) await reply.open().sendApart(...this.opening, ...before);
    if (fault.kind === "stall") this.stalledCount++;
    applyFault(reply, fault.kind, isRefusal);
  };
}

function applyFault(reply: Reply, kind: FaultKind, isRefusal: boolean): void {
  const error = { message: "The service has a fault.", code: Number(kind) || "server_error" };
  if (isRefusal) reply.sendJson(Number(kind), { error });
  else if (kind === "reset") reply.drop();
  else if (kind === "close") reply.response.end();
  else if (kind === "malformed") {
    reply.response.write('data: {"choices":[{"index":0,"del\n\n');
    reply.finish();
  } else if (kind !== "stall") reply.send({ error });
}

/** Splits a text into words with the white space before them. */
function splitWords(text: string): string[] {
  return text.match(/\s*\S+\s*$|\s*\S+/g) ?? (text === "" ? [] : [text]);
}

function joinTexts(pieces: readonly (string | Chunk)[]): string {
  return pieces
    .map((piece) => (typeof piece === "string" ? piece : (piece.choices[0]?.delta.content ?? "")))
    .join("");
}
