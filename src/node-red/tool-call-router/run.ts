import { randomUUID } from "node:crypto";
import type { AssistantMessage, Chunk } from "../../core/chat/chunk.js";
import { readChunk } from "../../core/chat/chunk-guard.js";
import type { ChatRequest } from "../../core/chat/request.js";
import type { Stats } from "../../core/chat/stats.js";
import { TotalStats } from "../../core/chat/stats.js";
import type { Failure, FailureData } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { CallReport, ToolRound } from "../../core/tools/round.js";
import { Assembly } from "../messages/assembly.js";
import { copyParts, inheritProperties } from "../messages/inherited-properties.js";
import { withoutRetryTag } from "../messages/retry-tag.js";
import type { RunTag } from "../messages/run-tag.js";
import { readFailure } from "../messages/stream-message.js";
import type { Message, Parts, Send } from "../red/api.js";
import { ToolAnswers } from "./answers.js";
import { type StreamMessage, takeCallsOut } from "./messages.js";

/** What the run's last message tells of a turn. */
export interface RoundReport {
  usage: unknown;
  finishReason: string;
  /** What the turn added to the run's text, in UTF-16 units. */
  characters: number;
  calls: CallReport[];
}

/** How a run ends that does not end by its stream. */
export interface RunOutcome {
  finishReason: "error" | "cancelled";
  failure?: Failure;
}

/** One request and all the turns that its tool calls lead to: one stream for whoever reads it. */
export class RouterRun {
  readonly key = randomUUID();
  /** `asked`: of the turn's stream nothing has come yet. */
  phase: "asked" | "streaming" | "tools" = "asked";
  /** The turn, from 1. */
  round = 1;
  /** The stream's id for its reader: that of the first turn. */
  stream: string | undefined;
  /** The id of the turn's own stream. */
  source: string | undefined;
  assembly = this.newAssembly();
  /** The last message of the turn that ended last; it is held until the run is over. */
  last: StreamMessage | undefined;
  /** What the turn asks, where this node asked it. */
  request: ChatRequest | undefined;
  /** The turn's calls, and the answer that made them. */
  calls: ToolRound | undefined;
  answer: AssistantMessage | undefined;
  readonly answers = new ToolAnswers();
  /** Ids of all calls. */
  readonly ids = new Set<string>();
  /** A tool that gave no answer in the turn before. */
  timedOut = "";
  cancelled = false;
  /** For tools, or for messages that are missing. */
  timer: unknown;
  /** After a cancel. */
  grace: unknown;
  private said = "";
  private index = 0;
  private attempts = 0;
  private readonly rounds: RoundReport[] = [];
  private readonly stats = new TotalStats();

  constructor(
    /** A message whose properties ride along: of the stream, or before it the request. */
    public base: Message,
    /** The tag of another router, in whose run this one happens. */
    readonly outer: RunTag | undefined,
    /** Of the newest message. */
    public send: Send,
  ) {}

  /** All the text that the reader has. */
  get text(): string {
    return this.said + (this.phase === "streaming" ? this.assembly.machine.text : "");
  }

  /** A turn's stream begins. */
  begin(message: StreamMessage): void {
    this.phase = "streaming";
    this.source = message.parts.id;
    this.stream ??= this.source;
    // The message goes on to the reader, who may change it. One that begins again bears the tag of its retry node.
    const base = Object.hasOwn(message, "reset")
      ? withoutRetryTag(inheritProperties(message))
      : inheritProperties(message);
    this.base = { ...base, parts: copyParts(message.parts)! };
    this.assembly = this.newAssembly();
  }

  /** The turn's stream begins again: the reader forgets everything, and gets the earlier turns' text once more. */
  beginAgain(reset: StreamMessage): void {
    this.assembly = this.newAssembly();
    this.index = 0;
    const begun = this.placed({
      ...inheritProperties(reset),
      payload: "",
      parts: reset.parts,
      reset: true,
    });
    this.index = 0;
    this.send(begun);
    if (this.said !== "")
      this.send(this.placed({ ...inheritProperties(this.base), ...this.bare(this.said) }));
  }

  /**
   * A turn's stream has ended.
   * @param now milliseconds of a monotonic clock
   * @returns what the model said, and why it stopped
   */
  ended(last: StreamMessage, now: number): { finishReason: string; answer: AssistantMessage | undefined } {
    const { machine } = this.assembly;
    const finishReason = typeof last.finishReason === "string" ? last.finishReason : machine.finishReason;
    const answer = machine.buildCompletion(last.parts.id).choices[0]?.message;
    this.said += machine.text;
    this.last = last;
    this.phase = "tools";
    this.rounds.push({ usage: last.usage ?? null, finishReason, characters: machine.text.length, calls: [] });
    if (isObject(last.stats)) {
      this.stats.add(last.stats as unknown as Stats, now, 0);
      this.attempts += Number(last.stats["attempts"]) || 1;
    }
    return { finishReason, answer };
  }

  /** The last message waits for the end of the run; what it adds is the reader's now. */
  hold(): void {
    const last = this.last!;
    const { payload } = last;
    last.payload = "";
    if (typeof payload === "string" && payload !== "")
      this.send(this.placed({ ...inheritProperties(this.base), ...this.bare(payload) }));
  }

  /** Notes how the turn's calls have fared. */
  report(): void {
    const round = this.rounds.at(-1);
    if (round && this.calls) round.calls = this.calls.buildReports();
    this.calls = undefined;
    this.answers.clear();
  }

  /**
   * The one last message of the run.
   * @param now milliseconds of a monotonic clock
   * @param ending undefined where it is that of the last turn
   */
  conclude(now: number, ending?: RunOutcome): Message {
    const { finishReason } = ending ?? {};
    const text = this.text;
    const last = this.placed(ending ? this.ending(ending) : this.last!);
    last.parts!.count = this.index;
    const failure = readFailure(last);
    if (failure) last.error = { ...failure, partial: text } satisfies FailureData;
    if (finishReason) last.finishReason = finishReason;
    if (ending && this.request) last.request = this.request;
    last["rounds"] = this.rounds;
    if (ending || this.rounds.length > 1) last.stats = this.stats.toStats(now, this.attempts);
    if (isObject(last.stats)) last.stats = { ...last.stats, rounds: this.rounds.length };
    return last;
  }

  /** What is left of a held or of no last message, where the run ends otherwise. */
  private ending({ finishReason, failure }: RunOutcome): StreamMessage {
    const { error: _, ...held } = this.last ?? { ...inheritProperties(this.base), ...this.bare("") };
    const ending: StreamMessage = { ...held, parts: { ...held.parts }, complete: true, finishReason };
    ending.usage ??= null;
    if (failure) ending.error = failure.toJSON();
    const closing = readChunk(ending.chunk);
    if (closing) ending.chunk = withoutReasons(closing);
    return ending;
  }

  private bare(payload: string): { payload: string; parts: Parts } {
    const outer = this.stream === undefined ? this.base.parts : this.base.parts?.parts;
    const parts: Parts = { id: "", index: 0, type: "string", ch: "" };
    return { payload, parts: outer ? { ...parts, parts: copyParts(outer)! } : parts };
  }

  private newAssembly(): Assembly {
    const assembly: Assembly = new Assembly((message, chunk) => {
      if (message === assembly.last) return;
      const calling = assembly.machine.finishReason === "tool_calls";
      if (chunk && !takeCallsOut(message, chunk, calling)) return;
      this.send(this.placed(message as StreamMessage));
    });
    return assembly;
  }

  /** A message in its place of the reader's stream. It is ours, its sender has let go of it. */
  private placed(message: StreamMessage): Message {
    // To leave a property out costs a tenth of deleting it.
    const { toolRun: _, ...placed } = message;
    placed.parts.id = this.stream ?? this.key;
    placed.parts.index = this.index++;
    if (this.outer) placed["toolRun"] = this.outer;
    return placed;
  }
}

function withoutReasons(chunk: Chunk): Chunk {
  return { ...chunk, choices: chunk.choices.map((choice) => ({ ...choice, finish_reason: null })) };
}
