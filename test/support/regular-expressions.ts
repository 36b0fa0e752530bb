import { createRequire } from "node:module";
import ts from "typescript";
import { readSource } from "./source-tree.js";

/** A regular expression literal of the source code. */
export interface RegularExpression {
  /** Where it stands, such as `src/core/failure.ts:12`. */
  place: string;
  source: string;
  flags: string;
}

/** Lists the regular expression literals of a file. @param file path relative to the root */
export function listRegularExpressions(file: string): RegularExpression[] {
  const tree = ts.createSourceFile(file, readSource(file), ts.ScriptTarget.Latest, true);
  const found: RegularExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf("/");
      const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
      found.push({
        place: `${file}:${line + 1}`,
        source: node.text.slice(1, end),
        flags: node.text.slice(end + 1),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** What recheck says about a regular expression. */
interface Verdict {
  status: "safe" | "vulnerable" | "unknown";
  complexity?: { summary: string };
  attack?: { pattern: string };
}

/** Whether a pattern can repeat something without end. Any other takes constant time at each place of a text. */
function repeatsWithoutEnd(source: string): boolean {
  const plain = source.replace(/\\./g, "").replace(/\[[^\]]*\]/g, "");
  return /[*+]|\{\d+,\}/.test(plain);
}

/** @returns what is wrong with a regular expression: the text that makes it slow; undefined if its time is linear */
export function findSlowness({ place, source, flags }: RegularExpression): string | undefined {
  if (!repeatsWithoutEnd(source)) return undefined;
  const verdict = check(source, flags);
  if (verdict.status === "safe") return undefined;
  return `${place} /${source}/${flags} ${verdict.complexity?.summary ?? verdict.status}: ${verdict.attack?.pattern ?? ""}`;
}

/**
 * Bounds of the search for a slow text, in milliseconds. They are far above what the bounds by steps allow, because a busy
 * machine that runs into them would take any expression for a slow one.
 */
const TIMES = { timeout: 120_000, seedingTimeout: 30_000, incubationTimeout: 30_000, attackTimeout: 30_000 };

function check(source: string, flags: string): Verdict {
  // Loaded when it is needed, because it starts a worker. It has no types in the form of CommonJS.
  const { checkSync } = createRequire(__filename)("recheck") as {
    checkSync(source: string, flags: string, options: typeof TIMES): Verdict;
  };
  return checkSync(source, flags, TIMES);
}
