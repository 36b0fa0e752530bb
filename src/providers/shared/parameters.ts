import type { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { createUnsupportedFailure } from "./unsupported.js";

/** For each parameter that a service does not have: whether a value says nothing, so that nothing is lost without it. */
export type IgnorableParameters = Readonly<Record<string, (value: unknown) => boolean>>;

const never = () => false;
const always = () => true;
/** Whether an answer in text, and in nothing else, is asked for. */
export const isTextOnly = (modalities: unknown) =>
  Array.isArray(modalities) && modalities.every((modality) => modality === "text");
const isEmptyObject = (value: unknown) => isObject(value) && Object.keys(value).length === 0;

/** Parameters of OpenAI's alone. */
export const OPENAI_ONLY: IgnorableParameters = {
  audio: never,
  function_call: never,
  functions: never,
  logit_bias: isEmptyObject,
  metadata: always,
  prediction: always,
  prompt_cache_key: always,
  safety_identifier: always,
  service_tier: (value) => value === "auto" || value === "default",
  store: always,
  stream_options: always,
  user: always,
  verbosity: never,
  web_search_options: never,
};

/**
 * The parameters without those that the service does not have.
 * @param instead what takes the place of a parameter
 * @throws Failure `invalid_request` for one that would be lost
 */
export function sendable(
  service: string,
  parameters: Readonly<Record<string, unknown>>,
  harmless: IgnorableParameters,
  instead: Readonly<Record<string, string>> = {},
): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const saysNothing = Object.hasOwn(harmless, name) ? harmless[name] : undefined;
    if (!saysNothing) kept[name] = value;
    else if (!saysNothing(value)) throw lost(service, name, instead);
  }
  return kept;
}

/**
 * The parameters that a service knows which passes over all others without a word.
 * @param known their names
 * @throws Failure `invalid_request` for another one that would be lost
 */
export function knownOnly(
  service: string,
  parameters: Readonly<Record<string, unknown>>,
  known: ReadonlySet<string>,
  harmless: IgnorableParameters,
  instead: Readonly<Record<string, string>> = {},
): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (known.has(name)) kept[name] = value;
    else if (!Object.hasOwn(harmless, name) || !harmless[name]!(value)) throw lost(service, name, instead);
  }
  return kept;
}

function lost(service: string, name: string, instead: Readonly<Record<string, string>>): Failure {
  const advice = Object.hasOwn(instead, name) ? instead[name] : undefined;
  return createUnsupportedFailure(service, `the parameter ${name}`, advice ?? "Leave it out.");
}

/**
 * The service's own field that holds further ones.
 * @throws Failure `invalid_request` where it holds none
 */
export function requireObject(service: string, name: string, value: unknown): Record<string, unknown> {
  if (value === undefined) return {};
  if (isObject(value)) return value;
  throw createUnsupportedFailure(service, `the parameter ${name} with a value that is no object`);
}

/** Fields without those that say nothing: strict services refuse a null. */
export function omitNulls(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  );
}
