import { isObject, isWithinDepth, parseJson } from "../../../core/json/parse.js";
import { DEFAULT_LIMITS } from "../../../core/limits.js";
import { type ClientFailure, createRefusal } from "../../../serving/client-failure.js";
import type { HttpRequest } from "../../red/api.js";

/** Thrown instead of a body: why the request is refused. */
export class RefusedRequest extends Error {
  constructor(readonly failure: ClientFailure) {
    super(failure.message);
  }
}

/**
 * Reads the JSON object in the body of a request, whatever type it claims to have: `curl -d` claims a form.
 * @throws RefusedRequest if it is too large, no JSON object, or does not arrive
 */
export async function readClientBody(request: HttpRequest): Promise<Record<string, unknown>> {
  const value = await readValue(request);
  if (!isObject(value)) throw refuse(400, "The body of the request must be a JSON object.");
  if (!isWithinDepth(value, DEFAULT_LIMITS.depth))
    throw refuse(400, `The JSON of the request nests deeper than ${DEFAULT_LIMITS.depth}.`);
  return value;
}

async function readValue(request: HttpRequest): Promise<unknown> {
  // A host application has parsed it before Node-RED could see the request.
  if (request.readableEnded && request.body !== undefined) return request.body;
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity")
    throw refuse(415, `The body must not be compressed (${encoding.slice(0, 20)}).`);
  const text = (await readBytes(request, DEFAULT_LIMITS.request)).toString();
  try {
    return parseJson(text.replace(/^\uFEFF/, ""));
  } catch {
    throw refuse(400, "The body of the request is not JSON.");
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
        refuse(413, `The body of the request is larger than ${maxBytes} bytes. Send a shorter conversation.`),
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
    request.on("close", () => reject(refuse(400, "The body of the request did not arrive.")));
    request.on("error", () => reject(refuse(400, "The body of the request did not arrive.")));
  });
}

function refuse(status: number, message: string): RefusedRequest {
  return new RefusedRequest(createRefusal(status, message));
}
