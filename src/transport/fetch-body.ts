import type { Dispatcher } from "undici";
import type { WireRequest } from "../core/chat/request.js";
import type { Clock } from "../core/clock.js";
import type { Headers } from "../core/errors/retry-hint.js";
import { Failure } from "../core/failure.js";
import { addAbortListener } from "../core/lifecycle/abort-listener.js";
import type { Limits } from "../core/limits.js";
import { Exchange } from "./exchange.js";

export interface ResponseBody {
  status: number;
  headers: Headers;
  text: string;
}

export interface FetchOptions {
  dispatcher: Dispatcher;
  clock: Clock;
  limits: Readonly<Limits>;
  /** Milliseconds for the whole exchange. */
  timeout: number;
  /** Ends it early, with the failure `cancelled`. */
  signal?: AbortSignal;
}

/** A small request with a small answer, by the same rules as a stream: no redirects, nothing inflated, bounded. */
export function fetchBody(request: WireRequest, options: FetchOptions): Promise<ResponseBody> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let headers: Headers = {};
    const settle = (step: () => void) => {
      options.clock.clearTimer(timer);
      unlisten?.();
      step();
    };
    const exchange = new Exchange(
      options.limits,
      {
        onConnected: () => {},
        onResponse: (responseStatus, responseHeaders) => {
          status = responseStatus;
          headers = responseHeaders;
        },
        onBytes: () => {},
        onReadEnd: () => {},
        onRecord: () => {},
        onBody: (text) => settle(() => resolve({ status, headers, text })),
        onEnd: () =>
          settle(() =>
            reject(new Failure("bad_response", "The service sent a stream where none was asked for.")),
          ),
        onFailure: (failure) => settle(() => reject(failure)),
      },
      true,
    );
    const giveUp = (failure: Failure) => {
      exchange.abort();
      settle(() => reject(failure));
    };
    const timer = options.clock.setTimer(
      () => giveUp(new Failure("timeout", `The service did not answer within ${options.timeout / 1000} s.`)),
      options.timeout,
    );
    const unlisten =
      options.signal &&
      addAbortListener(options.signal, () => giveUp(new Failure("cancelled", "The request was cancelled.")));
    exchange.send(request, options.dispatcher, {
      headersTimeout: options.timeout * 2,
      bodyTimeout: options.timeout * 2,
    });
  });
}
