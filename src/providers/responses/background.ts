import type { BackgroundProtocol } from "../provider.js";
import type { Endpoint } from "../shared/endpoint.js";
import { encodePathSegment, trimSlashes } from "../shared/url.js";
import { buildHeaders } from "../shared/wire-request.js";

/** Creates the requests for answers that a Responses service keeps (OpenAI guide "Background mode"). */
export function createBackgroundProtocol(
  isOffered: BackgroundProtocol["isOffered"],
  buildUrl: (endpoint: Endpoint) => URL,
  authorize: (endpoint: Endpoint) => Record<string, string>,
): BackgroundProtocol {
  const buildAnswerUrl = (id: string, endpoint: Endpoint, step = ""): URL => {
    const url = buildUrl(endpoint);
    url.pathname = `${trimSlashes(url.pathname)}/${encodePathSegment(id, "The id of the answer")}${step}`;
    return url;
  };
  return {
    isOffered,
    buildResumeRequest: (id, endpoint, after) => {
      const url = buildAnswerUrl(id, endpoint);
      url.searchParams.set("stream", "true");
      if (after !== undefined) url.searchParams.set("starting_after", String(after));
      const headers = { ...buildHeaders(endpoint, authorize(endpoint)), accept: "text/event-stream" };
      return { method: "GET", url, headers };
    },
    buildCancelRequest: (id, endpoint) => ({
      method: "POST",
      url: buildAnswerUrl(id, endpoint, "/cancel"),
      headers: buildHeaders(endpoint, authorize(endpoint)),
    }),
  };
}
