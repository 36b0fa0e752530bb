import { isUtf8 } from "node:buffer";
import { isObject, isWithinDepth, parseJson } from "../../../core/json/parse.js";
import { DEFAULT_LIMITS } from "../../../core/limits.js";
import type { HttpRequest } from "../../red/api.js";
import { createRefusedRequest } from "./refusals.js";

/**
 * Reads the JSON object in the body of a request, whatever type it claims to have: `curl -d` claims a form.
 * @throws RefusedRequest if it is too large, no JSON object in UTF-8, or does not arrive
 */
export async function readClientBody(request: HttpRequest): Promise<Record<string, unknown>> {
  const value = await readValue(request);
  if (!isObject(value)) throw createRefusedRequest(400, "The body of the request must be a JSON object.");
  if (!isWithinDepth(value, DEFAULT_LIMITS.depth))
    throw createRefusedRequest(400, `The JSON of the request nests deeper than ${DEFAULT_LIMITS.depth}.`);
  return value;
}

async function readValue(request: HttpRequest): Promise<unknown> {
  // A host application has parsed it before Node-RED could see the request.
  if (request.readableEnded && request.body !== undefined) return request.body;
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity")
    throw createRefusedRequest(415, `The body must not be compressed (${encoding.slice(0, 20)}).`);
  const bytes = await readBytes(request, DEFAULT_LIMITS.request);
  // Otherwise the model would read “gr��n”. A console of Windows sends its own code page.
  if (!isUtf8(bytes))
    throw createRefusedRequest(
      400,
      "The body of the request is not UTF-8. Send JSON in UTF-8, or write other characters as \\u escapes.",
    );
  try {
    return parseJson(bytes.toString().replace(/^\uFEFF/, ""));
  } catch {
    throw createRefusedRequest(400, "The body of the request is not JSON.");
  }
}

function readBytes(request: HttpRequest, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const tooLarge = () => {
      // What still comes is read and dropped, so that the client gets to read the answer.
      request.removeListener("data", onData);
      request.resume();
      reject(
        createRefusedRequest(
          413,
          `The body of the request is larger than ${maxBytes} bytes. Send a shorter conversation.`,
        ),
      );
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) tooLarge();
      else chunks.push(chunk);
    };
    if (Number(request.headers["content-length"]) > maxBytes) {
      tooLarge();
      return;
    }
    request.on("data", onData);
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("close", () => reject(createRefusedRequest(400, "The body of the request did not arrive.")));
    request.on("error", () => reject(createRefusedRequest(400, "The body of the request did not arrive.")));
  });
}
