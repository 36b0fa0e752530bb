import type { ServerResponse } from "node:http";
import type { FaultCounter } from "../faults.js";
import { countUsage, generateChoice } from "../generation.js";
import { readModel } from "../models.js";
import { sendNoAnswer, sendStream, sendWhole, takeNextFault } from "../send-answer.js";
import { addFault } from "../steps.js";
import { buildChunks, CHUNK_FAULTS } from "./chunks.js";
import { buildCompletion, createHead } from "./completion.js";
import { readDemoRequest } from "./request.js";

/**
 * Answers `POST /v1/chat/completions`.
 *
 * @param serverPace chunks per second
 * @throws DemoError if the request is refused
 */
export async function answerChat(
  body: unknown,
  response: ServerResponse,
  serverPace: number,
  faults: FaultCounter,
): Promise<void> {
  const request = readDemoRequest(body);
  const model = readModel(request.model, serverPace);
  const fault = takeNextFault(model, faults);
  if (sendNoAnswer(response, fault, request.stream)) return;
  const cutAfter = fault?.kind === "length" ? fault.after : undefined;
  const generations = Array.from({ length: request.n }, (_, choice) =>
    generateChoice(request, choice, model.reasons, cutAfter),
  );
  const usage = countUsage(request.prompt.messages, generations);
  const head = createHead(model.id);
  if (!request.stream) {
    sendWhole(response, buildCompletion(head, generations, usage), fault);
    return;
  }
  const steps = buildChunks(head, generations, request.includeUsage ? usage : undefined);
  await sendStream(response, fault ? addFault(steps, fault, CHUNK_FAULTS) : steps, model.pace);
}
