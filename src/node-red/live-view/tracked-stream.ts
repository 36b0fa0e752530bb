import { type ChatResult, NO_PROGRESS } from "../../client/chat-types.js";
import type { Stats } from "../../core/chat/stats.js";
import { readBilledTokens } from "../../core/cost/billed-tokens.js";
import type { Failure } from "../../core/failure.js";
import { toPrintable } from "../../core/printable.js";
import { RunningEstimate } from "./estimate.js";
import type { LiveProvider, LiveSource } from "./live-source.js";
import type { StreamFacts, StreamRow } from "./rows.js";

const MAX_NAME_CHARS = 80;

/** A stream from its beginning on, and what was last seen of it. Each change has a number, higher than all before it. */
export class TrackedStream {
  /** Number of the latest change; 0 before anybody has looked. */
  changedAt = 0;
  provider: LiveProvider | undefined;
  private factsChangedAt = 0;
  private facts: StreamFacts;
  private row: StreamRow;
  /** Undefined after the end, so that nothing of the stream's messages is held. */
  private running: { source: LiveSource; estimate: RunningEstimate } | undefined;

  constructor(
    readonly id: number,
    source: LiveSource,
    startedAt: number,
  ) {
    const { stream, node, attempt, round } = source;
    const name = shorten(source.name);
    this.facts = { stream, node, name, provider: "", model: "", attempt, round, startedAt };
    this.row = {
      id,
      state: "waiting",
      chunks: 0,
      firstTokenMs: null,
      durationMs: null,
      rate: null,
      tokens: null,
      cost: null,
      toolCalls: 0,
    };
    this.running = { source, estimate: new RunningEstimate(source) };
  }

  /** Looks at the stream while it runs. @param change number for what is new */
  look(change: number): void {
    if (!this.running) return;
    const { source, estimate } = this.running;
    this.readFacts(source, change);
    const progress = source.readProgress();
    const { chunks, firstTokenMs, toolCalls } = progress ?? NO_PROGRESS;
    const state = progress === undefined ? "waiting" : chunks === 0 ? "asking" : "streaming";
    const { row } = this;
    if (state === row.state && chunks === row.chunks && toolCalls === row.toolCalls) return;
    const tokens = progress ? estimate.countTokens(progress) : null;
    this.row = { ...row, state, chunks, firstTokenMs, toolCalls, tokens, cost: estimate.price(tokens) };
    this.changedAt = change;
  }

  /** Notes how the stream ended. @param result undefined if the node was closed before the request ended */
  end(result: ChatResult | undefined, durationMs: number, change: number): void {
    if (!this.running) return;
    const { source, estimate } = this.running;
    this.running = undefined;
    this.readFacts(source, change, result?.closing.model);
    this.changedAt = change;
    const progress = source.readProgress() ?? NO_PROGRESS;
    const counted = readBilledTokens(result?.closing.usage);
    const { cost, failure, stats = progress } = result ?? {};
    this.row = {
      id: this.id,
      state: result?.outcome ?? "cancelled",
      chunks: stats.chunks,
      firstTokenMs: stats.firstTokenMs,
      durationMs: Math.round(durationMs),
      rate: result ? measureRate(result.stats) : null,
      tokens: counted
        ? { input: counted.input, output: counted.output, isEstimate: false }
        : estimate.countTokens(progress),
      // What is not known stays as it was estimated, if somebody has looked.
      cost: cost ? { usd: cost.usd, isEstimate: false } : this.row.cost,
      toolCalls: progress.toolCalls,
      ...(failure ? { error: readError(failure) } : {}),
    };
  }

  /** @param since number of the latest change that the reader knows */
  toRow(since: number): StreamRow {
    return this.factsChangedAt > since ? { ...this.row, facts: this.facts } : this.row;
  }

  /** @param answered the model that answered, if the request named none */
  private readFacts(source: LiveSource, change: number, answered = ""): void {
    this.provider = source.findProvider() ?? this.provider;
    const provider = shorten(this.provider?.name ?? "");
    const model = shorten(source.readModel() || answered);
    if (this.changedAt > 0 && provider === this.facts.provider && model === this.facts.model) return;
    this.facts = { ...this.facts, provider, model };
    this.factsChangedAt = change;
    this.changedAt = change;
  }
}

/** Measures from the first chunk on. Waiting for a turn or for the service does not count. */
function measureRate({ chunks, firstTokenMs, durationMs }: Stats): number | null {
  const lastedMs = durationMs - (firstTokenMs ?? durationMs);
  return chunks > 1 && lastedMs > 0 ? Math.round(((chunks - 1) * 10_000) / lastedMs) / 10 : null;
}

function readError({ code, status }: Failure): StreamRow["error"] {
  return { code, ...(status === undefined ? {} : { status }) };
}

/** Makes a name fit to be shown: a flow may have set it to anything. */
function shorten(name: unknown): string {
  return typeof name === "string" ? toPrintable(name.slice(0, MAX_NAME_CHARS)) : "";
}
