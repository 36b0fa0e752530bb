import { Failure } from "../core/failure.js";
import { isObject } from "../core/json/parse.js";
import type { Provider, ProviderSetting } from "./provider.js";
import { findUnresolvedVariable } from "./shared/environment.js";

/**
 * The values of a provider's own settings as its requests need them: texts trimmed, numbers as numbers, defaults filled
 * in, what is empty left out. Settings that the provider does not have are another one's, and are ignored.
 * @throws Failure `configuration` that names the setting
 */
export function checkSettings(provider: Provider, given: unknown): Record<string, unknown> {
  const values = isObject(given) ? given : {};
  const checked: Record<string, unknown> = {};
  for (const setting of provider.settings ?? []) {
    const own = Object.hasOwn(values, setting.name) ? values[setting.name] : undefined;
    const value = readAs(setting, isEmpty(own) ? setting.value : own);
    if (value !== undefined) checked[setting.name] = value;
    else if (!isEmpty(own)) throw wrong(provider, setting, own);
    else if (setting.required) {
      throw new Failure(
        "configuration",
        `${provider.label} needs the setting ${setting.name}. Enter it in the provider.`,
      );
    }
  }
  return checked;
}

/** @returns undefined for what the setting cannot be, and for what says nothing */
function readAs({ kind, choices }: ProviderSetting, value: unknown): unknown {
  const text = typeof value === "string" ? value.trim() : value;
  if (isEmpty(text)) return undefined;
  switch (kind) {
    case "text":
      return typeof text === "string" && findUnresolvedVariable(text) === undefined ? text : undefined;
    case "number":
      return (typeof text === "number" || typeof text === "string") && Number.isFinite(Number(text))
        ? Number(text)
        : undefined;
    case "choice":
      return typeof text === "string" && choices?.includes(text) ? text : undefined;
    case "tick":
      // As a flow has it that takes the value from an environment variable.
      return typeof text === "boolean" ? text : text === "true" ? true : text === "false" ? false : undefined;
  }
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
}

const WANTED: Readonly<Record<ProviderSetting["kind"], string>> = {
  text: "a text",
  number: "a number",
  choice: "one of",
  tick: "true or false",
};

function wrong(provider: Provider, setting: ProviderSetting, value: unknown): Failure {
  const variable = typeof value === "string" ? findUnresolvedVariable(value) : undefined;
  if (variable !== undefined) {
    return new Failure(
      "configuration",
      `The setting ${setting.name} of ${provider.label} names the environment variable ${variable}, which is not set.`,
    );
  }
  const choices = setting.kind === "choice" ? ` ${setting.choices?.filter(Boolean).join(", ")}` : "";
  return new Failure(
    "configuration",
    `The setting ${setting.name} of ${provider.label} is to be ${WANTED[setting.kind]}${choices}.`,
  );
}
