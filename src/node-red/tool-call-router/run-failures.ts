import { Failure } from "../../core/failure.js";

export function createNoRequestFailure(): Failure {
  const text =
    "The stream's last message has no msg.request, so the tools' results cannot be sent back. Leave it on the message.";
  return new Failure("configuration", text, { phase: "end" });
}

export function createCutOffCallFailure(): Failure {
  const text =
    "The answer was cut off inside a tool call, so no tool was called. Allow more tokens, or ask for less at once.";
  return new Failure("interrupted", text, { phase: "end", retryable: false });
}

export function createRoundsFailure(maxRounds: number): Failure {
  const text = `The model has called tools ${maxRounds} times in a row and wants more. Its conversation is in msg.request; raise the limit of rounds if that is right.`;
  return new Failure("tool_rounds", text, { phase: "end" });
}
