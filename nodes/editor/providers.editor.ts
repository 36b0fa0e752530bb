/// <reference path="red.d.ts" />

/** The chat-providers of the flows, as the dialogs of the nodes that use one need them. */
namespace Providers {
  function list(): EditorNode[] {
    const found: EditorNode[] = [];
    RED.nodes.eachConfig((node) => {
      if (node.type === "chat-provider") found.push(node);
    });
    return found;
  }

  /** @returns the id of the only provider; "" if there is none, or if the author has to choose */
  export function findOnly(): string {
    const [first, ...others] = list();
    return first && others.length === 0 ? first.id : "";
  }

  /**
   * Chooses the provider of a node that was just dragged from the palette: the only one. If there is none yet, a demo is
   * added, so that a first flow runs without opening a dialog.
   * @returns "" if the author has to choose
   */
  export function chooseForNewNode(): string {
    return list().length > 0 ? findOnly() : addDemo();
  }

  function addDemo(): string {
    const definition = RED.nodes.getType("chat-provider");
    if (!definition) return "";
    const values = Object.entries(definition.defaults).map(([name, { value }]) => [
      name,
      structuredClone(value),
    ]);
    const node = {
      ...Object.fromEntries(values),
      id: RED.nodes.id(),
      type: "chat-provider",
      users: [],
      changed: true,
      _def: definition,
      _: definition._,
    };
    RED.nodes.add(node);
    RED.editor.validateNode(node);
    return node.id;
  }

  /** Posts JSON to a route of the runtime. */
  export function post(url: string, body: object): JQuery.jqXHR {
    return $.ajax({ url, method: "POST", contentType: "application/json", data: JSON.stringify(body) });
  }

  /** Describes a provider as it stands in the editor, perhaps not deployed yet, for the runtime. */
  export function describeDraft(node: EditorNode): object {
    const values = node as unknown as Record<string, unknown>;
    const config = Object.fromEntries(Object.keys(node._def.defaults).map((name) => [name, values[name]]));
    // What was not typed since the last deploy is stored, if there is any.
    const read = (name: string) => node.credentials?.[name] ?? "__PWRD__";
    return {
      id: node.id,
      config,
      credentials: { apiKey: read("apiKey"), secretHeaders: read("secretHeaders") },
    };
  }
}
