import type { ChatProgress } from "../../client/chat-types.js";
import type { Cost } from "../../core/cost/amount.js";
import { readBilledTokens } from "../../core/cost/billed-tokens.js";
import type { LiveSource } from "./live-source.js";
import type { StreamRow } from "./rows.js";

/** Characters of a token, as texts in English have them. */
const CHARS_PER_TOKEN = 4;

/** The answer has to grow by this factor until its cost is looked up again. */
const MIN_GROWTH = 1.1;

/** Estimates the tokens and the cost of a stream that runs. The service counts most of them only at the end. */
export class RunningEstimate {
  private requestTokens: number | undefined;
  private priced: { output: number; cost: Cost | null } | undefined;

  constructor(private readonly source: LiveSource) {}

  /** @returns null before the service has answered */
  countTokens({ chunks, contentSize, usage }: ChatProgress): StreamRow["tokens"] {
    if (chunks === 0) return null;
    const counted = readBilledTokens(usage);
    const input = counted?.input || this.countRequest();
    const output = Math.max(counted?.output ?? 0, Math.ceil(contentSize / CHARS_PER_TOKEN));
    return { input, output, isEstimate: true };
  }

  /** @returns null if the price is unknown */
  price(tokens: StreamRow["tokens"]): StreamRow["cost"] {
    if (!tokens) return null;
    const { input, output } = tokens;
    if (!this.priced || output > this.priced.output * MIN_GROWTH)
      this.priced = { output, cost: this.source.estimateCost(input, output) };
    const { cost } = this.priced;
    return cost && { usd: cost.usd, isEstimate: true };
  }

  private countRequest(): number {
    this.requestTokens ??= Math.ceil(this.source.measureRequest() / CHARS_PER_TOKEN);
    return this.requestTokens;
  }
}
