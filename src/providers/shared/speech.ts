import type { WireRequest } from "../../core/chat/request.js";
import type { Endpoint } from "./endpoint.js";
import { joinPath } from "./url.js";
import { buildBearerHeader, buildHeaders, buildPostRequest } from "./wire-request.js";

/** A text to be spoken. What is left out is the service's choice. */
export interface SpeechRequest {
  text: string;
  model?: string;
  voice?: string;
  /** `mp3`, `opus`, `aac`, `flac`, `wav`, `pcm`. */
  format?: string;
  /** Factor of the voice's normal pace; default 1. */
  speed?: number;
  /** Further fields of the request, as the service names them. */
  parameters?: Readonly<Record<string, unknown>>;
}

/**
 * Builds a request for OpenAI's `/audio/speech`, which many services offer. The response is audio and streams while the
 * service generates it.
 * @param url default: `audio/speech` below the base URL
 * @param authorization headers with the key; default: a bearer token
 */
export function buildSpeechRequest(
  request: SpeechRequest,
  endpoint: Endpoint,
  url = joinPath(endpoint.baseUrl, "audio/speech"),
  authorization: Readonly<Record<string, string>> = buildBearerHeader(endpoint),
): WireRequest {
  const { text, model, voice, format, speed, parameters } = request;
  const body = { model, voice, response_format: format, speed, ...parameters, input: text };
  return buildPostRequest(
    url,
    buildHeaders(endpoint, authorization),
    // JSON omits fields that are undefined. Venice refuses null.
    body,
    "audio/*",
  );
}
