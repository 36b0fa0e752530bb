import { Failure } from "../../core/failure.js";
import { toPrintable } from "../../core/printable.js";
import type { FlowEntry, NodeRed, RuntimeNode } from "../red/api.js";
import type { ProviderRuntime } from "./runtime.js";

/** A chat-provider node, as other nodes use it. */
export interface ProviderNode {
  runtime: ProviderRuntime;
}

/** Nodes in instances of subflows, by their id in the subflow, which the editor knows. */
const instances = new Map<string, ProviderNode[]>();

/** Remembers a node that is in an instance of a subflow, until it closes. */
export function rememberInstance(node: RuntimeNode & ProviderNode): void {
  const { _alias: template } = node;
  if (template === undefined) return;
  instances.set(template, [...(instances.get(template) ?? []), node]);
  node.on("close", () => {
    const left = instances.get(template)!.filter((other) => other !== node);
    if (left.length > 0) instances.set(template, left);
    else instances.delete(template);
  });
}

/** Finds a deployed chat-provider node by its id. */
export function findProvider(red: NodeRed, id: string | undefined): ProviderNode | undefined {
  const node = id ? red.nodes.getNode(id) : undefined;
  return node?.type === "chat-provider" && node["runtime"] ? (node as unknown as ProviderNode) : undefined;
}

/**
 * Finds the chat-provider node of a node that needs one.
 * @throws Failure `configuration` if it is not set, disabled or not deployed
 */
export function requireProvider(red: NodeRed, id: string | undefined): ProviderNode {
  const provider = findProvider(red, id);
  if (provider) return provider;
  throw new Failure(
    "configuration",
    describeDisabled(red, id) ??
      (id
        ? "The provider of this node is gone or not deployed. Choose one in the node's dialog and deploy."
        : "This node has no provider. Choose one in the node's dialog and deploy."),
  );
}

/**
 * Finds the chat-provider node that the editor shows. Inside of a subflow, that is the one of the first instance.
 * @throws Failure `configuration` if it is disabled or not deployed
 */
export function requireShownProvider(red: NodeRed, id: string | undefined): ProviderNode {
  const provider = findProvider(red, id) ?? instances.get(id ?? "")?.[0];
  if (provider) return provider;
  throw new Failure(
    "configuration",
    describeDisabled(red, id) ?? "This provider is not deployed yet. Deploy it, then try again.",
  );
}

/** Says why a provider that is in the flows does not run; undefined if it is not in them. */
function describeDisabled(red: NodeRed, id: string | undefined): string | undefined {
  const entries = new Map<string, FlowEntry>();
  if (id) red.nodes.eachNode?.((entry) => entries.set(entry.id, entry));
  const provider = entries.get(id ?? "");
  if (provider?.type !== "chat-provider") return undefined;
  const name = describeEntry(provider);
  if (provider.d === true) return `The provider${name} is disabled. Enable it and deploy.`;
  const tab = entries.get(provider.z ?? "");
  if (tab?.disabled === true)
    return `The provider${name} is on the disabled flow${describeEntry(tab)}. Enable it and deploy.`;
  if (tab?.type === "subflow")
    return `The provider${name} is inside of a subflow that no flow uses. Put the subflow into a flow and deploy.`;
  return undefined;
}

function describeEntry({ name, label }: FlowEntry): string {
  const text = [name, label].find((value) => typeof value === "string" && value !== "");
  return text === undefined ? "" : ` “${toPrintable(String(text)).slice(0, 60)}”`;
}
