import { Failure } from "../core/failure.js";
import { isObject } from "../core/json/parse.js";
import type { Provider, ProviderSetting } from "./provider.js";
import { findUnresolvedVariable } from "./shared/environment.js";

/**
 * Reads the values of a provider's own settings: texts trimmed, numbers as numbers, defaults filled in, empty ones left
 * out. Settings of other providers are ignored.
 * @throws Failure `configuration` that names the setting, if a value is wrong or a required one is missing
 */
export function checkSettings(provider: Provider, settings: unknown): Record<string, unknown> {
  const values = isObject(settings) ? settings : {};
  const checked: Record<string, unknown> = {};
  for (const setting of provider.settings ?? []) {
    const input = Object.hasOwn(values, setting.name) ? values[setting.name] : undefined;
    const value = parseSetting(setting, isEmpty(input) ? setting.value : input);
    if (value !== undefined) checked[setting.name] = value;
    else if (!isEmpty(input)) throw createSettingFailure(provider, setting, input);
    else if (setting.required) {
      throw new Failure(
        "configuration",
        `${provider.label} needs the setting ${setting.name}. Enter it in the provider.`,
      );
    }
  }
  return checked;
}

/** @returns undefined for a value that is empty or does not fit the setting */
function parseSetting({ kind, choices }: ProviderSetting, value: unknown): unknown {
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
      // A value from an environment variable is a text.
      return typeof text === "boolean" ? text : text === "true" ? true : text === "false" ? false : undefined;
  }
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
}

const EXPECTED: Readonly<Record<ProviderSetting["kind"], string>> = {
  text: "a text",
  number: "a number",
  choice: "one of",
  tick: "true or false",
};

function createSettingFailure(provider: Provider, setting: ProviderSetting, value: unknown): Failure {
  const variable = typeof value === "string" ? findUnresolvedVariable(value) : undefined;
  if (variable !== undefined) {
    return new Failure(
      "configuration",
      `The setting ${setting.name} of ${provider.label} names the environment variable ${variable}, which is not set. Set it or enter a value.`,
    );
  }
  const choices = setting.kind === "choice" ? ` ${setting.choices?.filter(Boolean).join(", ")}` : "";
  return new Failure(
    "configuration",
    `The setting ${setting.name} of ${provider.label} must be ${EXPECTED[setting.kind]}${choices}. Correct it in the provider.`,
  );
}
