/** A reference to an environment variable: `${NAME}` anywhere in a text, or Node-RED's older `$(NAME)` as all of it. */
export const VARIABLE_REFERENCE = /\$\{([^${}]*)\}|^\s*\$\(([^()]*)\)\s*$/;

/**
 * Finds the environment variable that a value still refers to. Node-RED replaces references to variables that are set,
 * so the variable is not set.
 * @param wholeOnly count a reference only if it is the whole value; a key may contain `${` itself
 * @returns the variable's name, or undefined if the value refers to none
 */
export function findUnresolvedVariable(value: string, wholeOnly = false): string | undefined {
  const match = VARIABLE_REFERENCE.exec(value);
  if (!match || (wholeOnly && match[0].trim() !== value.trim())) return undefined;
  return match[1] ?? match[2];
}
