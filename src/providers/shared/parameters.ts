import { isObject } from "../../core/json/parse.js";
import { createUnsupportedFailure } from "./unsupported.js";

/**
 * Parameters that a service does not have, each with a test of its value. A value that passes changes nothing about the
 * answer, so the parameter is dropped; any other value is refused.
 */
export type IgnorableParameters = Readonly<Record<string, (value: unknown) => boolean>>;

/** Which parameters of Chat Completions a service takes. */
export interface ParameterRules {
  /** The service's name in error messages. */
  service: string;
  /** Names of the parameters to send. Default: all that `ignorable` does not list. */
  supported?: ReadonlySet<string>;
  ignorable: IgnorableParameters;
  /** What to do instead of setting a parameter, by its name. Default: to leave it out. */
  advice?: Readonly<Record<string, string>>;
}

const never = () => false;
const always = () => true;
const isEmptyObject = (value: unknown) => isObject(value) && Object.keys(value).length === 0;
const isTextOnly = (modalities: unknown) =>
  Array.isArray(modalities) && modalities.every((modality) => modality === "text");

/** Parameters that only OpenAI has. */
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

/** Parameters that have only one possible value if a service gives one answer per request, as text. */
export const SINGLE_TEXT_ANSWER: IgnorableParameters = {
  n: (value) => value === 1,
  modalities: isTextOnly,
};

/** Advice that fits every service with tools. */
export const COMMON_ADVICE: Readonly<Record<string, string>> = {
  functions: "Use tools.",
  n: "Send the request several times.",
};

/**
 * Picks the parameters that a service takes. A parameter without effect is dropped; one that would change the answer
 * must not get lost silently.
 * @throws Failure `invalid_request` that names the first parameter with an effect that the service does not have
 */
export function selectParameters(
  { service, supported, ignorable, advice = {} }: ParameterRules,
  parameters: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const selected: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const hasNoEffect = Object.hasOwn(ignorable, name) ? ignorable[name] : undefined;
    if (supported ? supported.has(name) : !hasNoEffect) selected[name] = value;
    else if (!hasNoEffect?.(value)) {
      const instead = Object.hasOwn(advice, name) ? advice[name] : undefined;
      throw createUnsupportedFailure(service, `the parameter ${name}`, instead);
    }
  }
  return selected;
}

/**
 * Reads a parameter that must be an object; if it is not set, there are no fields.
 * @throws Failure `invalid_request` if it is anything else
 */
export function requireObject(service: string, name: string, value: unknown): Record<string, unknown> {
  if (value === undefined) return {};
  if (isObject(value)) return value;
  throw createUnsupportedFailure(
    service,
    `the parameter ${name} with a value that is not an object`,
    "Give it an object.",
  );
}

/** Drops the fields that are null or undefined: strict services refuse a null. */
export function omitNulls(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  );
}

/** Puts fields under a name, unless there are none. */
export function nestFields(name: string, fields: Record<string, unknown>): Record<string, unknown> {
  return Object.keys(fields).length > 0 ? { [name]: fields } : {};
}

/** Drops the fields that are undefined. */
export function omitUndefined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
