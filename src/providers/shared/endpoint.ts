/** Where a service lives and how to be let in. */
export interface Endpoint {
  /** With the path up to and without the last part, `https://api.openai.com/v1`. */
  baseUrl: string;
  apiKey?: string;
  /** Further headers. */
  headers?: Readonly<Record<string, string>>;
  /** Names of those that are no secret, as they stand there. Default: none. */
  plainHeaders?: readonly string[];
  /** The values of the provider's own settings, by name. */
  settings?: Readonly<Record<string, unknown>>;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Names of headers that hold a secret, whoever says that they do not. */
const SECRET_NAME =
  /auth|cookie|key|token|secret|passw|passphrase|credential|pwd|jwt|session|signature|(?<![a-z])(cred|pass|sign)s?(?![a-z])/i;

/** The values of headers that must not be told. */
export function listSecretHeaderValues({ headers = {}, plainHeaders = [] }: Partial<Endpoint>): string[] {
  return Object.keys(headers)
    .filter((name) => !plainHeaders.includes(name) || SECRET_NAME.test(name))
    .map((name) => headers[name]!);
}

/** Whether what is sent there can be read on the way: plain HTTP, to another machine. */
export function isRemotePlainHttp(url: URL): boolean {
  return url.protocol === "http:" && !LOOPBACK.test(url.hostname);
}

/** Which service this is: the provider's id, and the machine where that is not the provider's own. */
export function formatServiceName(
  { id, baseUrl }: { id: string; baseUrl?: string },
  endpoint: Endpoint,
): string {
  const { host } = new URL(endpoint.baseUrl);
  return baseUrl !== undefined && new URL(baseUrl).host === host ? id : `${id}@${host}`;
}
