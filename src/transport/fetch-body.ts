import type { Dispatcher } from "undici";
import type { WireRequest } from "../core/chat/request.js";
import type { Clock } from "../core/clock.js";
import { createTimeoutFailure } from "../core/errors/timeout-failure.js";
import { Failure } from "../core/failure.js";
import type { Headers } from "../core/headers.js";
import { addAbortListener } from "../core/lifecycle/abort-listener.js";
import type { Limits } from "../core/limits.js";
import { findProxy } from "./agent.js";
import { Exchange } from "./exchange.js";

/** A response with its whole body. Any status is possible. */
export interface ResponseBody {
  status: number;
  headers: Headers;
  text: string;
}

/** How a small request is sent. */
export interface FetchOptions {
  dispatcher: Dispatcher;
  clock: Clock;
  limits: Readonly<Limits>;
  /** Milliseconds for the whole exchange. */
  timeout: number;
  /** Cancels the request: it fails as `cancelled`. */
  signal?: AbortSignal;
}

/**
 * Sends a small request and reads the whole response, by the rules of a stream: no redirects, no compression, bounded.
 * @throws Failure `timeout`, `cancelled`, `limit`, `bad_response`, `connection` …
 */
export function fetchBody(request: WireRequest, options: FetchOptions): Promise<ResponseBody> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let headers: Headers = {};
    let isConnected = false;
    const finish = (step: () => void) => {
      options.clock.clearTimer(timer);
      removeListener?.();
      step();
    };
    const exchange = new Exchange(
      options.limits,
      {
        onConnected: () => {
          isConnected = true;
        },
        onResponse: (responseStatus, responseHeaders) => {
          status = responseStatus;
          headers = responseHeaders;
        },
        onBytes: () => {},
        onReadEnd: () => {},
        onRecord: () => {},
        onBody: (text) => finish(() => resolve({ status, headers, text })),
        onEnd: () =>
          finish(() =>
            reject(new Failure("bad_response", "The service sent a stream although none was requested.")),
          ),
        onFailure: (failure) => finish(() => reject(failure)),
      },
      true,
    );
    const fail = (failure: Failure) => {
      exchange.abort();
      finish(() => reject(failure));
    };
    const timer = options.clock.setTimer(() => {
      const proxy = isConnected ? undefined : findProxy(options.dispatcher, request.url);
      const problem = `The service did not answer within ${options.timeout / 1000} s.`;
      fail(
        proxy === undefined
          ? new Failure("timeout", problem)
          : createTimeoutFailure("connect", options.timeout, proxy),
      );
    }, options.timeout);
    const removeListener =
      options.signal &&
      addAbortListener(options.signal, () => fail(new Failure("cancelled", "The request was cancelled.")));
    exchange.send(request, options.dispatcher, {
      headersTimeout: options.timeout * 2,
      bodyTimeout: options.timeout * 2,
    });
  });
}
