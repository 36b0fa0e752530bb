import type { OptionalField, ProviderMemory } from "../provider.js";
import type { RefusedParts } from "./request.js";

/** Matches the words with which services refuse a field. */
const REFUSAL_WORDS =
  /\bnot\b|n't\b|unsupported|unknown|unrecogni[sz]ed|unexpected|invalid|must be verified|extra_forbidden|\bextra (?:inputs?|fields?)/i;

/** The fields that a request asks for by itself, each with a pattern for its name in a refusal. */
const FIELD_NAMES: readonly (readonly [OptionalField, RegExp])[] = [
  ["encryptedReasoning", /reasoning\.encrypted_content|encrypted content is not supported|\binclude\b/i],
  ["reasoningSummary", /reasoning\.summary|reasoning summar/i],
  ["phase", /\bphase\b/i],
  ["store", /\bstore\b/i],
];

/** Matches the refusal of reasoning that was encrypted for another key, account or model. */
const CANNOT_DECRYPT =
  /invalid_encrypted_content|encrypted (?:content|reasoning)[^\n]{0,160}(?:could not|cannot|can't|not) be (?:verified|decrypted|parsed)/i;

/**
 * Learns from the refusal of a field that a Responses request asks for by itself. The request is then sent again without it.
 * @returns undefined if there is nothing new to learn
 */
export function learnFromResponsesRefusal(
  status: number,
  body: string,
  memory: ProviderMemory,
  model: string,
): ProviderMemory | undefined {
  if (status !== 400 && status !== 403 && status !== 422) return undefined;
  if (CANNOT_DECRYPT.test(body)) return memory.refusesEncrypted ? undefined : { refusesEncrypted: true };
  const { fields } = readRefusedParts(memory, model);
  const refused = FIELD_NAMES.find(([, name]) => name.test(body))?.[0];
  if (refused === undefined || fields.includes(refused) || !REFUSAL_WORDS.test(body)) return undefined;
  return { refusedFields: { ...memory.refusedFields, [model]: [...fields, refused] } };
}

/** Reads what refusals have shown about a model. */
export function readRefusedParts(
  { refusedFields = {}, refusesEncrypted = false }: ProviderMemory,
  model: string,
): RefusedParts {
  const fields = Object.hasOwn(refusedFields, model) ? refusedFields[model]! : [];
  return { fields, dropsReasoning: refusesEncrypted };
}
