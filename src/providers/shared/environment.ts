/** The name of an environment variable, anywhere in a value or, in Node-RED's older form, as all of it. */
export const VARIABLE_REFERENCE = /\$\{([^}]*)\}|^\s*\$\(([^)]*)\)\s*$/;

/**
 * The environment variable that a value still names because it is not set; undefined for any other value.
 * @param whole heard only where it is all of the value: a key may have such characters of its own
 */
export function findUnresolvedVariable(value: string, whole = false): string | undefined {
  const match = VARIABLE_REFERENCE.exec(value);
  if (!match || (whole && match[0].trim() !== value.trim())) return undefined;
  return match[1] ?? match[2];
}
