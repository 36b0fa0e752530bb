import type { Chunk } from "../core/chat/chunk.js";
import type { CompletionMachine } from "../core/chat/completion.js";
import { type ChatRequest, readChoiceCount } from "../core/chat/request.js";
import { getAnswerText, toChunkKind } from "../dialects/chunk-kind.js";
import type { ChunkKind } from "../dialects/dialect.js";
import { ChoiceJoiner } from "./choice-joiner.js";

/** A chunk as a reader gets it. */
export interface PreparedChunk {
  chunk: Chunk;
  kind: ChunkKind;
  /** What it adds to the text of the first choice. */
  text: string;
}

/** The fields that every chunk begins with, in this order. */
const HEAD = ["id", "object", "created", "model"] as const;

const OBJECT = "chat.completion.chunk";

/** The role of an answer that names none. */
const USUAL_ROLE = "assistant";

/**
 * Prepares the chunks of a stream for its reader, so that they look alike from every service: each begins with the same
 * fields, and an answer that the service spread over several choices is in one.
 */
export class ChunkPreparer {
  /** Joins choices, if only one answer was requested. */
  private readonly joiner: ChoiceJoiner | undefined;
  /** The choices that the reader has got a chunk of. */
  private begun: Set<number> | undefined;
  /** Roles that came in chunks which the reader did not get. */
  private roles: Map<number, string> | undefined;

  /**
   * @param machine has the answer so far
   * @param everyChunk whether the reader gets silent chunks, too
   */
  constructor(
    private readonly machine: CompletionMachine,
    request: ChatRequest,
    maxChoices: number,
    private readonly everyChunk: boolean,
  ) {
    if (readChoiceCount(request) === 1) this.joiner = new ChoiceJoiner(machine, maxChoices);
  }

  /** Prepares the next chunk. It may be changed. */
  prepare(chunk: Chunk, kind: ChunkKind, text: string): PreparedChunk {
    const hasJoined = this.joiner?.join(chunk) === true;
    const headed = hasHead(chunk) ? chunk : addHead(chunk);
    const prepared = { chunk: headed, kind, text };
    if (hasJoined) {
      prepared.text = getAnswerText(chunk);
      prepared.kind = toChunkKind(kind === "rich", prepared.text);
    }
    if (this.everyChunk || prepared.kind === "rich") this.placeRoles(headed);
    else if (prepared.kind === "silent") this.keepRoles(headed);
    return prepared;
  }

  /** Whether a rich chunk of the first choice that has no role and no call is prepared as it is. */
  isPrepared(chunk: Chunk): boolean {
    return this.begun?.has(0) === true && this.joiner?.hasParts !== true && hasHead(chunk);
  }

  /** Gives the first chunk of each choice that reaches the reader its role, as its first field, and no other chunk. */
  private placeRoles({ choices }: Chunk): void {
    for (const choice of choices) {
      if (!this.begun?.has(choice.index)) {
        this.begun ??= new Set();
        this.begun.add(choice.index);
        const { role = this.roles?.get(choice.index) ?? USUAL_ROLE, ...delta } = choice.delta;
        choice.delta = { role, ...delta };
      } else if (choice.delta.role !== undefined) delete choice.delta.role;
    }
  }

  private keepRoles({ choices }: Chunk): void {
    for (const { index, delta } of choices) {
      if (typeof delta.role !== "string" || this.begun?.has(index)) continue;
      if (delta.role !== USUAL_ROLE) this.roles ??= new Map();
      this.roles?.set(index, delta.role);
    }
  }

  /**
   * Builds a chunk with the tool calls that the first choice ended for but does not have, because they are in another one.
   * @param seed makes ids for calls that came without one
   * @returns undefined if nothing is missing
   */
  buildMissingCalls(seed: string): Chunk | undefined {
    const calls = this.joiner ? this.machine.findMissingCalls(seed) : [];
    if (calls.length === 0) return undefined;
    return { choices: [{ index: 0, delta: { tool_calls: calls }, finish_reason: null }] };
  }
}

/** Whether a chunk begins with the fields of `HEAD`. Most do, and then it need not be copied. */
function hasHead(chunk: Chunk): boolean {
  const keys = Object.keys(chunk);
  return HEAD.every((field, at) => keys[at] === field) && chunk["object"] === OBJECT;
}

function addHead({ id = "", created = 0, model = "", object: _object, ...rest }: Chunk): Chunk {
  return { id, object: OBJECT, created, model, ...rest };
}
