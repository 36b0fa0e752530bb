import { type Dispatcher, fetch } from "undici";
import { startWaiting } from "../pool.js";

/** The part of `fetch` that libraries use. */
export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * Creates a `fetch` for a library that needs one. It uses the connections of this package, with its proxies, follows no
 * redirect by itself, and lets a body be silent for as long as its reader likes.
 */
export function createFetch(dispatcher: Dispatcher): Fetch {
  const patient = dispatcher.compose(
    (dispatch) => (options, handler) => dispatch({ ...options, bodyTimeout: 0 }, handler),
  );
  return (url, init) => {
    const stopWaiting = startWaiting();
    const options = { ...(init as object), dispatcher: patient, redirect: "manual" as const };
    return (fetch(url, options) as unknown as Promise<Response>).finally(stopWaiting);
  };
}
