/** A value that is wholly the name of an environment variable: Node-RED leaves it so where the variable is unset. */
const UNRESOLVED = /^\$\{([^}]*)\}$|^\$\(([^)]*)\)$/;

/** The name of the environment variable that a value stands for and that is not set; undefined for any other value. */
export function unresolvedVariable(value: string): string | undefined {
  const match = UNRESOLVED.exec(value.trim());
  return match ? (match[1] ?? match[2]) : undefined;
}
