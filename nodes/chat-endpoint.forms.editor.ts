/// <reference path="editor/red.d.ts" />

/** The forms in chat-endpoint's dialog. */
namespace EndpointForms {
  /** All forms, in the order of the dialog. */
  export const NAMES: readonly string[] = ["chat", "responses", "ollama", "ui", "ag-ui", "events"];

  /** Reads the forms of a node. A flow written by hand may leave them out. */
  export function readForms(value: unknown): string[] {
    return Array.isArray(value) ? NAMES.filter((name) => value.includes(name)) : [...NAMES];
  }

  /** Shows a tick for each form. */
  export function showForms(node: EditorNode, value: unknown): void {
    const chosen = readForms(value);
    for (const name of NAMES) {
      const tick = $('<input type="checkbox">').val(name).prop("checked", chosen.includes(name));
      const text = $("<span>").text(node._(`chat-endpoint.form.${name}`));
      $("#chat-endpoint-forms").append($("<label>").append(tick, " ", text));
    }
  }

  /** The forms that are ticked. */
  export function listTicked(): string[] {
    return $("#chat-endpoint-forms input:checked")
      .toArray()
      .map((tick) => String($(tick).val()));
  }
}
