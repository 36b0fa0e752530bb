import type { ApiForm, Endpoint } from "./shared/endpoint.js";

/** What decides in which form a service is asked. */
export interface FormChoice {
  /** The service's own base URL; undefined if only the author can know the address. */
  readonly baseUrl?: string;
  /** Its forms if it has both, the better one first. */
  readonly forms?: readonly ApiForm[];
  /** Matches the service's own hosts; default: the host of `baseUrl`. */
  readonly ownHost?: RegExp;
  /** Whether an address of the service knows Chat Completions alone; default: none does. */
  lacksResponses?(endpoint: Endpoint): boolean;
}

/**
 * Decides in which form a service is asked. A flow or a program that does not name a form is older than the choice. It
 * gets the better one at the service's own address only: a gateway at another address may know Chat Completions alone.
 */
export function chooseForm(choice: FormChoice, endpoint: Endpoint): ApiForm {
  const { api } = endpoint;
  if (api === "chat" || api === "responses") return api;
  const [better = "chat"] = choice.forms ?? [];
  if (choice.lacksResponses?.(endpoint)) return "chat";
  return api === "" || isOwnAddress(choice, endpoint) ? better : "chat";
}

function isOwnAddress(choice: FormChoice, endpoint: Endpoint): boolean {
  const host = readHost(endpoint);
  return choice.ownHost
    ? choice.ownHost.test(host)
    : choice.baseUrl !== undefined && readHost(choice) === host;
}

/** The hosts of base URLs: parsing one for each request would cost as much as building its headers. */
const hosts = new WeakMap<FormChoice | Endpoint, string>();

function readHost(owner: FormChoice | Endpoint): string {
  let host = hosts.get(owner);
  if (host === undefined) {
    host = new URL(owner.baseUrl!).host;
    hosts.set(owner, host);
  }
  return host;
}
