import { isObject } from "../../core/json/parse.js";
import { createOpenAiProvider } from "../openai-compatible.js";
import type { Provider } from "../provider.js";

/**
 * Workers of the same author on other machines, asked over a broker. Whoever opens the provider brings a dispatcher that
 * knows the broker; the address stands for none.
 */
export const REMOTE_PROVIDER: Provider = {
  ...createOpenAiProvider({
    id: "remote",
    label: "Workers at a broker",
    baseUrl: "https://remote.invalid/v1",
    keyRequired: false,
    speaks: false,
    settings: [],
  }),
  countWorkers: (body) =>
    isObject(body) && typeof body["workers"] === "number" ? body["workers"] : undefined,
};
