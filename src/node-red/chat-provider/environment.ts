import { VARIABLE_REFERENCE } from "../../providers/shared/environment.js";
import type { NodeRed, RuntimeNode } from "../red/api.js";

/**
 * Creates a function that replaces environment variables in a text by their values, those of the node's flow included.
 * A variable that is not set stays as it is. Node-RED itself replaces a variable only if it is the whole property.
 */
export function createVariableFiller(red: NodeRed, node: RuntimeNode): (text: string) => string {
  const pattern = new RegExp(VARIABLE_REFERENCE, "g");
  return (text) =>
    text.replace(pattern, (variable: string, braced?: string, old?: string) => {
      const value = red.util.getSetting(node, braced ?? old ?? "");
      return value === undefined || value === null || typeof value === "object" ? variable : String(value);
    });
}
