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
