import { Failure } from "../../core/failure.js";
import { findUnresolvedVariable, VARIABLE_REFERENCE } from "../../providers/shared/environment.js";
import type { NodeRed, RuntimeNode } from "./api.js";

/**
 * Creates a function that replaces environment variables in a text by their values, those of the node's flow included.
 * A variable that is not set stays as it is. Node-RED itself replaces a variable only if it is the whole property.
 * The function throws a Failure `configuration` if a variable cannot be part of a text, since it holds JSON.
 */
export function createVariableFiller(red: NodeRed, node: RuntimeNode): (text: string) => string {
  const pattern = new RegExp(VARIABLE_REFERENCE, "g");
  return (text) =>
    text.replace(pattern, (variable: string, braced?: string, old?: string) => {
      const name = braced ?? old ?? "";
      const value = red.util.getSetting(node, name);
      if (value === undefined || value === null) return variable;
      if (typeof value !== "object") return String(value);
      throw new Failure(
        "configuration",
        `The variable ${name} is JSON and not text, so it cannot be part of a text. Change its type.`,
      );
    });
}

/**
 * Finds the variable that the author has entered as the whole of a property or credential, for an error. Node-RED has
 * replaced it by its value, which may be of any type.
 * @returns undefined if the property is no variable
 */
export function findVariable(red: NodeRed, node: RuntimeNode, property: string): string | undefined {
  // In a subflow, each instance of a node has an id of its own; the author knows the one in the template.
  const id = node._alias ?? node.id;
  let entered: unknown = red.nodes.getCredentials?.(id)?.[property];
  red.nodes.eachNode?.((config) => {
    if (config.id === id && property in config) entered = config[property];
  });
  return typeof entered === "string" ? findUnresolvedVariable(entered, true) : undefined;
}
