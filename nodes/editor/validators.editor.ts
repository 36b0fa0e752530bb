/// <reference path="red.d.ts" />

/** Checks of values that several nodes need. */
namespace Validators {
  /** What a number must be; every bound can be left out. */
  export interface NumberRule {
    min?: number;
    /** The number must be greater. */
    above?: number;
    max?: number;
    whole?: boolean;
    /** The field may be empty. Otherwise a setting that a flow leaves out counts as the default of the node. */
    optional?: boolean;
  }

  const VARIABLE = /^\$(\{[^}]+\}|\([^)]+\))$/;
  const NAME = /^[\w-]{1,64}$/;

  /** Whether Node-RED replaces the text by an environment variable when the node starts. */
  export function isVariable(text: string): boolean {
    return VARIABLE.test(text);
  }

  /** Whether services accept the text as the name of a tool or of a schema. */
  export function isName(text: string): boolean {
    return NAME.test(text);
  }

  export function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
  }

  /** @returns undefined if the text is not a JSON object */
  export function parseObject(text: string): Record<string, unknown> | undefined {
    try {
      const value: unknown = JSON.parse(text);
      return isObject(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  /** @returns undefined if the text is not an absolute URL */
  export function parseUrl(text: string): URL | undefined {
    try {
      return new URL(text);
    } catch {
      return undefined;
    }
  }

  /**
   * Makes the validator of a number. It accepts an environment variable, too.
   * @param error key of its sentence under `error` in the node's catalogue, with the blanks `what`, `low` and `high`
   */
  export function checkNumber(setting: string, rule: NumberRule, error = setting): Validator<EditorNode> {
    const low = Math.max(rule.min ?? Number.NEGATIVE_INFINITY, rule.above ?? Number.NEGATIVE_INFINITY);
    const high = rule.max ?? Number.POSITIVE_INFINITY;
    return function (value, _options) {
      const text = String(value ?? (rule.optional ? "" : this._def.defaults[setting]!.value)).trim();
      if (isVariable(text) || (text === "" && rule.optional)) return true;
      const number = Number(text);
      const isWithin = number >= low && number <= high && number !== rule.above;
      if (text !== "" && isWithin && (!rule.whole || Number.isInteger(number))) return true;
      const what = this._(`${this.type}.label.${setting}`);
      return this._(`${this.type}.error.${error}`, { what, low, high });
    };
  }

  /** Makes the validator of a JSON object, given as text. It accepts an empty field and an environment variable, too. */
  export function checkObject(setting: string): Validator<EditorNode> {
    return function (value, _options) {
      const text = String(value ?? "").trim();
      const isRight = text === "" || isVariable(text) || parseObject(text) !== undefined;
      return isRight || this._(`${this.type}.error.${setting}`);
    };
  }
}
