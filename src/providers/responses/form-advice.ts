import { chooseForm, type FormChoice } from "../api-form.js";
import type { Endpoint } from "../shared/endpoint.js";

/** Statuses of refusals that have nothing to do with the form. */
const OTHER_REASONS: ReadonlySet<number> = new Set([401, 402, 429]);

/** Codes of services for a model that exists, but in another form. */
const WRONG_FORM_CODES = /unsupported_api_for_model|OperationNotSupported/;

/** Matches refusals in Chat Completions that name the other form, or say that the model does not support this one. */
const WANTS_RESPONSES: readonly RegExp[] = [
  WRONG_FORM_CODES,
  /\/responses\b|\bresponses? (?:api|endpoint|format)\b|\bresponses\.create\b/i,
  /\bnot a chat model\b/i,
  /\bchat[ /._-]?completions?\b[^.]{0,80}(?:\bnot\b|n't\b|unsupported)/i,
  /(?:\bnot\b|n't\b|unsupported)[^.]{0,80}\bchat[ /._-]?completions?\b/i,
];

/** Matches refusals in Responses that name the other form, or say that this one is not there. */
const WANTS_CHAT: readonly RegExp[] = [
  WRONG_FORM_CODES,
  /\bchat[ /._-]?completions?\b/i,
  /\bresponses\b[^.]{0,80}(?:\bnot\b|n't\b|unsupported)/i,
  /(?:\bnot\b|n't\b|unsupported|invalid|unknown)[^.]{0,80}\bresponses\b/i,
];

/** Statuses with which a server answers for an operation that it does not have. */
const NO_SUCH_OPERATION: ReadonlySet<number> = new Set([404, 405, 501]);

/**
 * Says which setting to change if a service refused in one form what it may take in the other.
 * @param text the body of the refusal, or the message of an error within the stream
 * @returns a sentence; undefined if the form is not the reason
 */
export function readFormAdvice(
  choice: FormChoice,
  endpoint: Endpoint,
  status: number,
  text: string,
): string | undefined {
  if ((choice.forms?.length ?? 0) < 2 || OTHER_REASONS.has(status)) return undefined;
  if (chooseForm(choice, endpoint) === "chat") {
    return WANTS_RESPONSES.some((pattern) => pattern.test(text))
      ? "Set API of the provider to Responses: the service takes this request only there."
      : undefined;
  }
  if (WANTS_CHAT.some((pattern) => pattern.test(text))) {
    return "Set API of the provider to Chat Completions: the service takes this request only there.";
  }
  const isAboutModel = /\bmodel|deployment/i.test(text);
  return NO_SUCH_OPERATION.has(status) && !isAboutModel
    ? "If there is no Responses API at this address, set API of the provider to Chat Completions."
    : undefined;
}
