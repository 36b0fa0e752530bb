/**
 * Clears environment variables before each test of the current suite, and restores them after it.
 * @param names those that the tests set, or must not find
 */
export function useEnvironment(names: readonly string[]): void {
  let before: Record<string, string | undefined> = {};
  beforeEach(() => {
    before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
    for (const name of names) delete process.env[name];
  });
  afterEach(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}

/** The variables that name a proxy, or hosts without one. */
export const PROXY_VARIABLES: readonly string[] = [
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
];
