import { isObject } from "../../core/json/parse.js";
import { createOpenAiProvider } from "../openai-compatible.js";
import type { Provider } from "../provider.js";

/**
 * The author's own workers on other machines, reached over a broker. The requests need a dispatcher that sends them there
 * (`FleetDispatcher`). The base URL is a placeholder and is never connected to.
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
