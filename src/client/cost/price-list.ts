import { type Cost, createCost } from "../../core/cost/amount.js";
import type { BilledTokens } from "../../core/cost/billed-tokens.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";

type PriceList = typeof import("@pydantic/genai-prices");

/** The names of services in the price list. A service that is not here has no list prices. */
const SERVICES: ReadonlyMap<string, string> = new Map([
  ["openai", "openai"],
  ["azure-openai", "azure"],
  ["anthropic", "anthropic"],
  ["gemini", "google"],
  ["openrouter", "openrouter"],
  ["groq", "groq"],
  ["mistral", "mistral"],
  ["deepseek", "deepseek"],
  ["together", "together"],
  ["xai", "x-ai"],
  ["litellm", "litellm"],
]);

/** What is asked of the price list. */
export interface PriceQuery {
  /** Id of the provider. */
  provider: string;
  baseUrl: string;
  model: string;
  counts: BilledTokens;
  /** When the request was sent, in wall-clock milliseconds since 1970: some prices depend on the time of day. */
  askedAt: number;
}

let list: PriceList | null | undefined;

/** Services and models that the list does not have. A search for such a model takes longest, so it is not repeated. */
const unlisted = new RecentMap<true>(200);

/** Names of services in the list by their base URLs; null for one that it does not have. The list tries many patterns. */
const servicesByUrl = new RecentMap<string | null>(200);

/** Loads the list, which takes 30 ms and 18 MB, when it is first needed. @returns null if it is not installed */
function loadList(): PriceList | null {
  if (list !== undefined) return list;
  try {
    list = require("@pydantic/genai-prices") as PriceList;
  } catch {
    list = null;
  }
  return list;
}

/** Whether a price was needed and the optional package with the prices is not installed. */
export function isPriceListMissing(): boolean {
  return list === null;
}

/**
 * Calculates what a request costs by the price list.
 * @returns null if the list does not have the model, or has no price for something that was counted
 */
export function calculateListCost({ provider, baseUrl, model, counts, askedAt }: PriceQuery): Cost | null {
  const known = SERVICES.get(provider);
  if (model === "" || (known === undefined && provider !== "custom")) return null;
  const prices = loadList();
  if (!prices) return null;
  try {
    // Without the service, the name of a model alone would count: a local copy would get the price of the original.
    const service = known ?? findService(prices, baseUrl);
    if (service === null) return null;
    const name = `${service} ${model}`;
    if (unlisted.has(name)) return null;
    const timestamp = new Date(askedAt);
    const found = prices.calcPrice(toListUsage(counts), model, { providerId: service, timestamp });
    if (!found) {
      unlisted.set(name, true);
      return null;
    }
    const { input_mtok: input, output_mtok: output } = found.model_price;
    // An entry without prices is incomplete. Its total would be 0.
    const isPriced =
      (counts.input === 0 || input !== undefined) && (counts.output === 0 || output !== undefined);
    return isPriced ? createCost(found.total_price, "prices") : null;
  } catch {
    // The list throws on counts that do not fit together.
    return null;
  }
}

function findService(prices: PriceList, baseUrl: string): string | null {
  let service = servicesByUrl.get(baseUrl);
  if (service === undefined) {
    service = prices.findProvider({ providerApiUrl: baseUrl })?.id ?? null;
    servicesByUrl.set(baseUrl, service);
  }
  return service;
}

/** Writes the counts under the names of the list. It warns of a name that it does not know, and counts a 0 as a count. */
function toListUsage(counts: BilledTokens): Record<string, number> {
  const { cacheWrite, cacheWriteHour } = counts;
  const usage = {
    cache_read_tokens: counts.cacheRead,
    cache_write_tokens: cacheWrite,
    cache_write_1h_tokens: cacheWriteHour,
    cache_write_5m_tokens: cacheWriteHour > 0 ? cacheWrite - cacheWriteHour : 0,
    input_audio_tokens: counts.inputAudio,
    cache_audio_read_tokens: counts.cachedAudio,
    output_audio_tokens: counts.outputAudio,
    output_reasoning_tokens: counts.reasoning,
    output_citation_tokens: counts.citations,
    web_searches: counts.webSearches,
  };
  const present = Object.entries(usage).filter(([, count]) => count > 0);
  const listed = { input_tokens: counts.input, output_tokens: counts.output, ...Object.fromEntries(present) };
  // If there are counts of audio and of a cache, the list needs their overlap, even if it is 0.
  const overlaps = counts.inputAudio > 0 && counts.cacheRead > 0;
  return overlaps ? { ...listed, cache_audio_read_tokens: counts.cachedAudio } : listed;
}
