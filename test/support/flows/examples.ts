import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT } from "../root.js";
import type { FlowNode } from "../runtime/node-red-api.js";

/** The folder of the examples, one sub-folder for each question that they answer. */
const EXAMPLES_FOLDER = join(ROOT, "examples");

/** A flow of the editor's menu Import > Examples. */
export interface Example {
  /** The name in the menu, without the number in front. */
  title: string;
  /** Its path below the folder, as the menu shows it, such as `1 Start/1 First stream`. */
  path: string;
  nodes: FlowNode[];
}

/** All examples, in the order of the menu. */
export const EXAMPLES: readonly Example[] = readdirSync(EXAMPLES_FOLDER, {
  recursive: true,
  encoding: "utf8",
})
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file) => {
    const path = file.replace(/\.json$/, "").replaceAll("\\", "/");
    return {
      title: basename(path).replace(/^\d+ /, ""),
      path,
      nodes: JSON.parse(readFileSync(join(EXAMPLES_FOLDER, file), "utf8")) as FlowNode[],
    };
  });

/** Finds an example by its title. @throws Error if there is none */
export function findExample(title: string): Example {
  const found = EXAMPLES.find((example) => example.title === title);
  if (!found) throw new Error(`There is no example “${title}”.`);
  return found;
}
