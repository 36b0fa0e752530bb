import { Failure } from "../core/failure.js";
import { trimOperation } from "./base-url.js";
import type { Provider } from "./provider.js";
import { checkSettings } from "./settings.js";
import type { Endpoint } from "./shared/endpoint.js";
import { isRemotePlainHttp, listSecretHeaderValues } from "./shared/endpoint.js";
import { findUnresolvedVariable } from "./shared/environment.js";

/**
 * Checks URL, headers, key and settings before any socket is opened, and fills in the provider's defaults.
 * @param allowInsecure whether a secret may be sent to another machine over plain HTTP; default false
 * @throws Failure `configuration` or `credentials` that says what to change; it never contains a key
 */
export function checkEndpoint(
  provider: Provider,
  endpoint: Partial<Endpoint>,
  allowInsecure = false,
): Endpoint {
  const url = checkUrl(endpoint.baseUrl || provider.baseUrl, provider);
  for (const [name, value] of Object.entries(endpoint.headers ?? {})) checkHeader(name, value);
  const key = checkKey(provider, endpoint.apiKey, hasAuthorization(endpoint.headers));
  const hasSecret = key !== undefined || listSecretHeaderValues(endpoint).length > 0;
  if (hasSecret && isRemotePlainHttp(url) && !allowInsecure) {
    throw new Failure(
      "configuration",
      `The key would travel unencrypted to ${url.host}. Use https, or tick “Allow unencrypted” in the provider.`,
    );
  }
  checkApi(provider, endpoint.api);
  const settings = checkSettings(provider, endpoint.settings);
  return { ...endpoint, baseUrl: url.href, settings, ...(key === undefined ? {} : { apiKey: key }) };
}

function checkApi({ label, forms = ["chat"] }: Provider, api: unknown): void {
  if (api === undefined || api === "" || (forms as readonly unknown[]).includes(api)) return;
  const isForm = api === "chat" || api === "responses";
  throw new Failure(
    "configuration",
    isForm
      ? `${label} does not support the form “${api}”. Reset API in the provider, or choose another service.`
      : "The form of the service's API is not known. Set api to “chat” or “responses”, or leave it empty.",
  );
}

function checkUrl(text: string | undefined, provider: Provider): URL {
  if (!text) {
    throw new Failure(
      "configuration",
      `The base URL of ${provider.label} is not set. Enter the address of the service.`,
    );
  }
  const variable = findUnresolvedVariable(text);
  if (variable) {
    throw new Failure(
      "configuration",
      `The base URL names the environment variable ${variable}, which is not set. Set it or enter a URL.`,
    );
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new Failure(
      "configuration",
      "The base URL is not an http or https address, such as https://api.openai.com/v1.",
    );
  }
  if (url.username || url.password) {
    throw new Failure(
      "configuration",
      "The base URL contains a user name or password. Use the key or a secret header.",
    );
  }
  url.hash = "";
  url.pathname = trimOperation(url.pathname, provider.id === "ollama");
  // Google's documentation asks for the form of a stream in the query.
  if (url.searchParams.get("alt") === "sse") url.searchParams.delete("alt");
  return url;
}

/** Whether the author's own headers carry a token in place of the key, as gateways and Entra ID want it. */
function hasAuthorization(headers: Endpoint["headers"] = {}): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
}

function checkKey(provider: Provider, key: string | undefined, hasToken: boolean): string | undefined {
  if (!key) {
    if (!provider.keyRequired || hasToken) return undefined;
    const hint = provider.keyVariable ? `, or set the environment variable ${provider.keyVariable}` : "";
    throw new Failure("credentials", `${provider.label} needs an API key. Enter one${hint}.`);
  }
  const variable = findUnresolvedVariable(key, true);
  if (variable) {
    throw new Failure(
      "credentials",
      `The API key names the environment variable ${variable}, which is not set. Set it or enter the key.`,
    );
  }
  if (!isHeaderText(key)) {
    throw new Failure(
      "credentials",
      "The API key contains a line break or a character that no key has. Enter it again.",
    );
  }
  return key;
}

function checkHeader(name: string, value: unknown): void {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    throw new Failure(
      "configuration",
      "An extra header's name is not valid. Check the headers of the provider.",
    );
  }
  if (typeof value !== "string" || !isHeaderText(value)) {
    throw new Failure(
      "configuration",
      `The extra header ${name} has a value that cannot be sent. Use printable ASCII characters.`,
    );
  }
  const variable = findUnresolvedVariable(value);
  if (variable) {
    throw new Failure(
      "credentials",
      `The header ${name} names the environment variable ${variable}, which is not set. Set it or enter a value.`,
    );
  }
}

function isHeaderText(value: string): boolean {
  return /^[\x20-\x7e]+$/.test(value);
}
