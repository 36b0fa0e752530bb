import { RecentMap } from "../../core/lifecycle/recent-map.js";
import type { LiveProvider } from "./live-source.js";
import type { ProviderTotal, StreamRow } from "./rows.js";

const MINUTES = 60;
const MINUTE_MS = 60_000;

/** Providers whose streams are added up. */
const MAX_PROVIDERS = 20;

/** The streams of one provider that ended in one minute. */
interface Minute {
  /** Minutes of the monotonic clock. */
  at: number;
  streams: number;
  failed: number;
  inputTokens: number;
  outputTokens: number;
  usd: number;
  unpriced: number;
}

interface ProviderTotals {
  name: string;
  /** The minutes of the last hour in which a stream ended, the oldest first. */
  minutes: Minute[];
}

/** Adds up the streams of each provider over the last hour, minute by minute. */
export class HourlyTotals {
  private readonly providers = new RecentMap<ProviderTotals>(MAX_PROVIDERS);
  /** The provider whose stream ended last. */
  private latest: ProviderTotals | undefined;

  /** Adds a stream that has ended. @param now milliseconds of a monotonic clock */
  add({ id, name }: LiveProvider, row: Readonly<StreamRow>, now: number): void {
    let provider = this.providers.get(id);
    if (!provider || provider !== this.latest) {
      provider ??= { name, minutes: [] };
      this.providers.set(id, provider);
      this.latest = provider;
    }
    provider.name = name;
    const minute = openMinute(provider.minutes, toMinute(now));
    minute.streams++;
    if (row.state === "failed") minute.failed++;
    const { tokens, cost } = row;
    if (tokens && !tokens.isEstimate) {
      minute.inputTokens += tokens.input;
      minute.outputTokens += tokens.output;
    }
    if (cost && !cost.isEstimate) minute.usd += cost.usd;
    else if (row.chunks > 0) minute.unpriced++;
  }

  /** @returns the providers that were asked in the last hour, the busiest first */
  list(now: number): ProviderTotal[] {
    const first = toMinute(now) - MINUTES + 1;
    const totals: ProviderTotal[] = [];
    for (const [id, { name, minutes }] of this.providers) {
      const recent = minutes.filter(({ at }) => at >= first);
      if (recent.length > 0) totals.push(sumUp(id, name, recent, first));
    }
    return totals.sort((one, other) => other.streams - one.streams);
  }
}

function openMinute(minutes: Minute[], at: number): Minute {
  const latest = minutes.at(-1);
  if (latest?.at === at) return latest;
  const opened = { at, streams: 0, failed: 0, inputTokens: 0, outputTokens: 0, usd: 0, unpriced: 0 };
  minutes.push(opened);
  if (minutes.length > MINUTES) minutes.shift();
  return opened;
}

function sumUp(provider: string, name: string, minutes: readonly Minute[], first: number): ProviderTotal {
  const total: ProviderTotal = {
    provider,
    name,
    streams: 0,
    failed: 0,
    inputTokens: 0,
    outputTokens: 0,
    usd: 0,
    unpriced: 0,
    minutes: new Array<number>(MINUTES).fill(0),
    failures: new Array<number>(MINUTES).fill(0),
  };
  for (const minute of minutes) {
    total.streams += minute.streams;
    total.failed += minute.failed;
    total.inputTokens += minute.inputTokens;
    total.outputTokens += minute.outputTokens;
    total.usd += minute.usd;
    total.unpriced += minute.unpriced;
    total.minutes[minute.at - first] = minute.streams;
    total.failures[minute.at - first] = minute.failed;
  }
  return total;
}

/** The minute that a moment of a monotonic clock is in. */
export function toMinute(now: number): number {
  return Math.floor(now / MINUTE_MS);
}
