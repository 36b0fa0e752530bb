import { Failure } from "../core/failure.js";
import type { Endpoint, Provider } from "./provider.js";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** A value that is wholly the name of an environment variable: Node-RED leaves it so where the variable is unset. */
const UNRESOLVED = /^\$\{([^}]*)\}$|^\$\(([^)]*)\)$/;

/**
 * Checks where a request would go and with what, before any socket is opened.
 * @param allowInsecure lets a key travel over plain HTTP to another machine
 * @throws Failure `configuration` or `credentials`, saying what to change; never with a key in it
 */
export function checkEndpoint(
  provider: Provider,
  endpoint: Partial<Endpoint>,
  allowInsecure = false,
): Endpoint {
  const url = checkUrl(endpoint.baseUrl || provider.baseUrl, provider.label);
  const key = checkKey(provider, endpoint.apiKey);
  for (const [name, value] of Object.entries(endpoint.headers ?? {})) checkHeader(name, value);
  const secret = key !== undefined || Object.keys(endpoint.headers ?? {}).length > 0;
  if (secret && isOpenToListeners(url) && !allowInsecure) {
    throw new Failure(
      "configuration",
      `The key would travel unencrypted to ${url.host}. Use https, or tick “allow unencrypted” in the provider.`,
    );
  }
  return { ...endpoint, baseUrl: url.href, ...(key === undefined ? {} : { apiKey: key }) };
}

/** Whether what is sent there can be read on the way: plain HTTP, to another machine. */
export function isOpenToListeners(url: URL): boolean {
  return url.protocol === "http:" && !LOOPBACK.test(url.hostname);
}

function checkUrl(text: string | undefined, label: string): URL {
  if (!text) {
    throw new Failure("configuration", `The base URL of ${label} is not set. Enter it in the provider.`);
  }
  const variable = unresolved(text);
  if (variable) {
    throw new Failure(
      "configuration",
      `The base URL names the environment variable ${variable}, which is not set.`,
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
  return url;
}

function checkKey(provider: Provider, key: string | undefined): string | undefined {
  if (!key) {
    if (!provider.keyRequired) return undefined;
    const hint = provider.keyVariable
      ? `, or \${${provider.keyVariable}} to take it from the environment`
      : "";
    throw new Failure("credentials", `${provider.label} needs an API key. Enter it in the provider${hint}.`);
  }
  const variable = unresolved(key);
  if (variable) {
    throw new Failure(
      "credentials",
      `The API key names the environment variable ${variable}, which is not set.`,
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
    throw new Failure("configuration", `The extra header ${name} has a value that cannot be sent.`);
  }
  const variable = unresolved(value);
  if (variable) {
    throw new Failure(
      "credentials",
      `The header ${name} names the environment variable ${variable}, which is not set.`,
    );
  }
}

function unresolved(value: string): string | undefined {
  const match = UNRESOLVED.exec(value.trim());
  return match ? (match[1] ?? match[2]) : undefined;
}

function isHeaderText(value: string): boolean {
  return /^[\x20-\x7e]+$/.test(value);
}
