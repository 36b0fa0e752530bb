/** A form in which a service is asked: Chat Completions or Responses, both OpenAI's. */
export type ApiForm = "chat" | "responses";

/** Where a service is reached and with which credentials. */
export interface Endpoint {
  /** The address up to the part that names the operation: `https://api.openai.com/v1`. */
  baseUrl: string;
  /** The key for the service, without `Bearer`. Default: none is sent. */
  apiKey?: string;
  /** Extra request headers. */
  headers?: Readonly<Record<string, string>>;
  /** Names of extra headers that hold no secret, spelt as in `headers`. Default: none. */
  plainHeaders?: readonly string[];
  /** The form in which the service is asked; `""`: its better one. Default: see `chooseForm`. */
  api?: ApiForm | "";
  /** Values of the provider's own settings, by name. */
  settings?: Readonly<Record<string, unknown>>;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Header names that suggest a secret. Their values are kept secret even if the author lists them as plain. */
const SECRET_NAME =
  /auth|cookie|key|token|secret|passw|passphrase|credential|pwd|jwt|session|signature|(?<![a-z])(cred|pass|sign)s?(?![a-z])/i;

/** Lists the values of extra headers that must not appear in messages or logs. */
export function listSecretHeaderValues({ headers = {}, plainHeaders = [] }: Partial<Endpoint>): string[] {
  return Object.keys(headers)
    .filter((name) => !plainHeaders.includes(name) || SECRET_NAME.test(name))
    .map((name) => headers[name]!);
}

/** Lists the values in the query of the base URL that must not appear in messages or logs: some gateways take a key there. */
export function listSecretQueryValues({ baseUrl = "" }: Partial<Endpoint>): string[] {
  if (!URL.canParse(baseUrl)) return [];
  return [...new URL(baseUrl).searchParams]
    .filter(([name]) => SECRET_NAME.test(name) || /^(code|sig)$/i.test(name))
    .map(([, value]) => value);
}

/** Whether requests to this URL can be read on the way: plain HTTP to another machine. */
export function isRemotePlainHttp(url: URL): boolean {
  return url.protocol === "http:" && !LOOPBACK.test(url.hostname);
}

/**
 * Names the service that a request goes to: the provider's id, followed by `@` and the host if that is not the
 * provider's default host.
 */
export function formatServiceName(
  { id, baseUrl }: { id: string; baseUrl?: string },
  endpoint: Endpoint,
): string {
  const { host } = new URL(endpoint.baseUrl);
  return baseUrl !== undefined && new URL(baseUrl).host === host ? id : `${id}@${host}`;
}
