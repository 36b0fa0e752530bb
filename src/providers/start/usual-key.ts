import type { Provider } from "../provider.js";
import type { Endpoint } from "../shared/endpoint.js";

/**
 * Takes the key from the environment variable that usually holds it, if the author has entered none. It goes to the
 * service's own address only: the author of another address has not said that it may have this key.
 * @param readVariable reads an environment variable; undefined if it is not set
 */
export function takeUsualKey(
  { keyVariable, baseUrl: ownUrl }: Provider,
  endpoint: Partial<Endpoint>,
  readVariable: (name: string) => string | undefined,
): Partial<Endpoint> {
  const { apiKey, baseUrl, headers = {} } = endpoint;
  const hasToken = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
  if (keyVariable === undefined || ownUrl === undefined || apiKey || hasToken) return endpoint;
  if (baseUrl && baseUrl.replace(/\/+$/, "") !== ownUrl) return endpoint;
  const key = readVariable(keyVariable)?.trim();
  return key ? { ...endpoint, apiKey: key } : endpoint;
}
