import { type Dispatcher, fetch } from "undici";
import { startWaiting } from "../pool.js";

/** The part of `fetch` that libraries use. */
export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * Creates a `fetch` for a library that needs one. It uses the connections and proxies of this package, follows no redirect,
 * and has no timeout for a silent body.
 */
export function createFetch(dispatcher: Dispatcher): Fetch {
  const withoutBodyTimeout = dispatcher.compose(
    (dispatch) => (options, handler) => dispatch({ ...options, bodyTimeout: 0 }, handler),
  );
  return (url, init) => {
    const stopWaiting = startWaiting();
    const options = { ...(init as object), dispatcher: withoutBodyTimeout, redirect: "manual" as const };
    return (fetch(url, options) as unknown as Promise<Response>).finally(stopWaiting);
  };
}
