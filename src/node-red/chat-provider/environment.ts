import { VARIABLE_REFERENCE } from "../../providers/shared/environment.js";
import type { NodeRed, RuntimeNode } from "../red/api.js";

/**
 * Puts the values of environment variables into a text, those of the node's flow and the global ones too; a variable
 * that is not set stays as it is. Node-RED does so only where the variable is all of a property.
 */
export function createVariableFiller(red: NodeRed, node: RuntimeNode): (text: string) => string {
  const pattern = new RegExp(VARIABLE_REFERENCE, "g");
  return (text) =>
    text.replace(pattern, (variable: string, braced?: string, old?: string) => {
      const value = red.util.getSetting(node, braced ?? old ?? "");
      return value === undefined || value === null || typeof value === "object" ? variable : String(value);
    });
}
