import { type ChatResult, NO_PROGRESS } from "../../client/chat-types.js";
import type { Stats } from "../../core/chat/stats.js";
import { readBilledTokens } from "../../core/cost/billed-tokens.js";
import type { Failure } from "../../core/failure.js";
import { toPrintable } from "../../core/printable.js";
import { RunningEstimate } from "./estimate.js";
import type { LiveProvider, LiveSource } from "./live-source.js";
import type { StreamFacts, StreamRow } from "./rows.js";

const MAX_NAME_CHARS = 80;

/** The row of a stream that has just begun. */
const NEW_ROW: Omit<StreamRow, "id"> = {
  state: "waiting",
  chunks: 0,
  firstTokenMs: null,
  durationMs: null,
  rate: null,
  tokens: null,
  cost: null,
  toolCalls: 0,
};

/** A stream from its beginning on, and what was last seen of it. Each change has a number, higher than all before it. */
export class TrackedStream {
  /** Number of the latest change; 0 before anybody has looked. */
  changedAt = 0;
  provider: LiveProvider | undefined;
  private factsChangedAt = 0;
  /** Undefined until somebody looks, or the stream ends. */
  private facts: StreamFacts | undefined;
  private row: StreamRow;
  private estimate: RunningEstimate | undefined;

  /** @param source undefined after the end, so that nothing of the stream's messages is held */
  constructor(
    readonly id: number,
    private source: LiveSource | undefined,
    private readonly startedAt: number,
  ) {
    this.row = { ...NEW_ROW, id };
  }

  /** The latest figures. */
  get figures(): Readonly<StreamRow> {
    return this.row;
  }

  /** Looks at the stream while it runs. @param change number for what is new */
  look(change: number): void {
    const { source } = this;
    if (!source) return;
    this.readFacts(source, change);
    const progress = source.readProgress();
    const { chunks, firstTokenMs, toolCalls } = progress ?? NO_PROGRESS;
    const state = progress === undefined ? "waiting" : chunks === 0 ? "asking" : "streaming";
    const { row } = this;
    if (state === row.state && chunks === row.chunks && toolCalls === row.toolCalls) return;
    this.estimate ??= new RunningEstimate(source);
    const tokens = progress ? this.estimate.countTokens(progress) : null;
    const cost = this.estimate.price(tokens);
    this.row = { ...row, state, chunks, firstTokenMs, toolCalls, tokens, cost };
    this.changedAt = change;
  }

  /** Notes how the stream ended. @param result undefined if the node was closed before the request ended */
  end(result: ChatResult | undefined, durationMs: number, change: number): void {
    const { source, estimate } = this;
    if (!source) return;
    this.source = undefined;
    this.estimate = undefined;
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
        : (estimate ?? new RunningEstimate(source)).countTokens(progress),
      // What is not known stays as it was estimated, if somebody has looked.
      cost: cost ? { usd: cost.usd, isEstimate: false } : this.row.cost,
      toolCalls: progress.toolCalls,
      ...(failure ? { error: readError(failure) } : {}),
    };
  }

  /** @param since number of the latest change that the reader knows */
  toRow(since: number): StreamRow {
    const { facts, row } = this;
    return facts && this.factsChangedAt > since ? { ...row, facts } : row;
  }

  /** @param answered the model that answered, if the request named none */
  private readFacts(source: LiveSource, change: number, answered = ""): void {
    this.provider = source.findProvider() ?? this.provider;
    const provider = shorten(this.provider?.name ?? "");
    const model = shorten(source.readModel() || answered);
    if (provider === this.facts?.provider && model === this.facts.model) return;
    const { stream, node, attempt, round } = source;
    const name = shorten(source.name);
    this.facts = { stream, node, name, provider, model, attempt, round, startedAt: this.startedAt };
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
