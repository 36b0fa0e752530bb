import type { Failure } from "./core/failure.js";

/**
 * Parts of error messages that speak of nodes and dialogs, each with the words for a caller of the library, who has options
 * instead. A test finds parts that are missing here.
 */
export const LIBRARY_WORDINGS: readonly (readonly [string, string])[] = [
  ["Set one in the node, in msg.model, or as the option model of the library.", "Set the option “model”."],
  ["msg.tools is not an array.", "The option “tools” is not an array."],
  ["msg.jobId is not the id of a job. Set it to", "The option “job” has no valid id of a job. Set it to"],
  ["Choose a current model from the list in the node.", "Choose a current model."],
  ["Check the API key in the provider.", "Check the option “apiKey”."],
  ["Check the model's name and the provider's base URL.", "Check the options “model” and “baseUrl”."],
  ["Send requests less often, or put a retry node behind chat-stream.", "Send requests less often."],
  ["Try again in a while, or put a retry node behind chat-stream.", "Try again in a while."],
  ["Enter it in the provider.", "Set it in the option “settings”."],
  ["Correct it in the provider.", "Correct it in the option “settings”."],
  ["or tick “Allow unencrypted” in the provider.", "or set the option “allowInsecure”."],
  ["Reset API in the provider, or choose", "Leave the option “api” out, or choose"],
  ["raise “Max record size” in the provider.", "raise “limits.record”."],
  [
    "in the provider; without one there, the environment",
    "of the option “dispatcher”; without one, the environment",
  ],
  ["tick “Skip broken records” in its provider.", "set the option “tolerant”."],
  ["Check the headers of the provider.", "Check the option “headers”."],
  ["et API of the provider to Responses", "et the option “api” to “responses”"],
  ["et API of the provider to Chat Completions", "et the option “api” to “chat”"],
  [
    "Clear the API version in the provider, or set API to Chat Completions.",
    "Set the option “api” to “chat”.",
  ],
  ["Clear “Resume without loss” in the chat-stream,", "Leave “background” out of “parameters”,"],
  ["or clear the tool in the chat-stream.", "or leave it out of “hosted_tools”."],
  ["Clear it in the chat-stream, or choose another provider.", "Leave it out, or choose another “provider”."],
  ["Enter the ids of the vector stores in the chat-stream.", "Add the ids of the vector stores."],
  ["Check the base URL and the provider.", "Check the options “baseUrl” and “provider”."],
  ["Check the provider and the model.", "Check the options “provider” and “model”."],
  [
    "Record it first: set the provider to record, deploy, and ask.",
    "Record it first, with a chat-provider in Node-RED.",
  ],
  ["Try again, or put a retry node behind chat-stream.", "Try again."],
  ["Choose another provider.", "Choose another “provider”."],
];

/** Rewords a failure in place, so that it speaks of options instead of nodes and dialogs. @returns the same failure */
export function rewordForLibrary(failure: Failure): Failure {
  for (const [flow, library] of LIBRARY_WORDINGS) failure.message = failure.message.replace(flow, library);
  return failure;
}
