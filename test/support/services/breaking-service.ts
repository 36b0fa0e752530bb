import type { Chunk } from "../../../src/core/chat/chunk.js";
import type { Reply, Script, ServiceRequest } from "./scripted-service.js";

/** What goes wrong with an answer. */
export const FAULTS = ["reset", "close", "stall", "429", "500", "error", "malformed"] as const;
export type FaultKind = (typeof FAULTS)[number];

/** An answer that breaks off. */
export interface PlannedFault {
  kind: FaultKind;
  /** Pieces that go before. */
  after: number;
}

interface PromptMessage {
  role: string;
  content: string;
}

/** What a request asks to go on from. */
export function readBegunAnswer({ body }: ServiceRequest): string {
  return (body["messages"] as PromptMessage[]).find(({ role }) => role === "assistant")?.content ?? "";
}

/** The first thing that was asked. */
export function readQuestion({ body }: ServiceRequest): string {
  return (body["messages"] as PromptMessage[]).find(({ role }) => role === "user")!.content;
}

/** Whatever of a text is not in what a model is told that it has said. */
export function removeStart(text: string, begun: string): string {
  if (!text.startsWith(begun)) throw new Error(`“${begun}” is no beginning of the answer.`);
  return text.slice(begun.length);
}

/**
 * A service with one answer to everything: it goes on where it is told that it stopped. Its faults are asked for by
 * name, each question having its own.
 */
export class BreakingService {
  /** The faults that the requests of a question meet, one after the other; without one a request is answered. */
  readonly faults = new Map<string, PlannedFault[]>();
  /** Characters that the model says once more before it goes on, where there are so many. */
  repeats = 0;
  /** What goes before any text of each answer, such as reasoning. */
  opening: readonly Chunk[] = [];
  /** Answers that have stalled. */
  stalledCount = 0;

  constructor(private readonly pieces: readonly (string | Chunk)[]) {}

  get text(): string {
    return joinTexts(this.pieces);
  }

  /** What comes behind all text: tool calls. */
  private get tail(): (string | Chunk)[] {
    return this.pieces.slice(this.pieces.findLastIndex((piece) => typeof piece === "string") + 1);
  }

  readonly script: Script = async (reply, request) => {
    const begun = readBegunAnswer(request);
    const pieces = begun === "" ? this.pieces : [...splitWords(removeStart(this.text, begun)), ...this.tail];
    const fault = this.faults.get(readQuestion(request))?.shift();
    if (!fault) {
      const again = begun.length < this.repeats ? "" : begun.slice(begun.length - this.repeats);
      await reply.sendApart(...this.opening, ...splitWords(again), ...pieces);
      reply.finish();
      return;
    }
    const before = pieces.slice(0, fault.after);
    // A refusal comes in place of an answer, else within it.
    const refusal = fault.after === 0 && /^\d+$/.test(fault.kind);
    if (!refusal) await reply.open().sendApart(...this.opening, ...before);
    if (fault.kind === "stall") this.stalledCount++;
    applyFault(reply, fault.kind, refusal);
  };
}

function applyFault(reply: Reply, kind: FaultKind, refusal: boolean): void {
  const error = { message: "The service has a fault.", code: Number(kind) || "server_error" };
  if (refusal) reply.sendJson(Number(kind), { error });
  else if (kind === "reset") reply.drop();
  else if (kind === "close") reply.response.end();
  else if (kind === "malformed") {
    reply.response.write('data: {"choices":[{"index":0,"del\n\n');
    reply.finish();
  } else if (kind !== "stall") reply.send({ error });
}

/** Pieces as a model makes them, each a word. */
function splitWords(text: string): string[] {
  return text.match(/\s*\S+\s*$|\s*\S+/g) ?? (text === "" ? [] : [text]);
}

function joinTexts(pieces: readonly (string | Chunk)[]): string {
  return pieces
    .map((piece) => (typeof piece === "string" ? piece : (piece.choices[0]?.delta.content ?? "")))
    .join("");
}
