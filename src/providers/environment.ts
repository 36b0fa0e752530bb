/** The name of an environment variable, anywhere in a value or, in Node-RED's older form, as all of it. */
export const VARIABLE = /\$\{([^}]*)\}|^\s*\$\(([^)]*)\)\s*$/;

/** The environment variable that a value still names because it is not set; undefined for any other value. */
export function unresolvedVariable(value: string): string | undefined {
  const match = VARIABLE.exec(value);
  return match ? (match[1] ?? match[2]) : undefined;
}
