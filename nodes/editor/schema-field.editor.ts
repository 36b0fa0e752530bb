/// <reference path="schema.editor.ts" />

/** The code editor for a JSON Schema, for every dialog that asks for one. */
namespace SchemaField {
  /**
   * Puts a code editor behind an input, usually a hidden one, unless it is there. The input's value is the text of the
   * schema, or "" if there is none. The input triggers "change" while the author types. The code editor measures
   * itself, so the input's place must be visible. The editor is removed together with the input.
   */
  export function showEditor(input: JQuery, anyType = false): void {
    if (input.siblings(".chat-schema").length > 0) return;
    const box = $("<div>").addClass("chat-schema").insertAfter(input);
    const place = $("<div>").addClass("node-text-editor").appendTo(box);
    const expand = $('<button type="button">')
      .addClass("red-ui-button red-ui-button-small")
      .attr("title", Schema.translate("expand"))
      .append($("<i>").addClass("fa fa-expand"))
      .appendTo(box);
    const hint = $("<div>").addClass("chat-schema-problem chat-wrong").attr("role", "status").appendTo(box);
    const editor = RED.editor.createEditor({
      element: place[0]!,
      mode: "ace/mode/json",
      value: String(input.val() ?? ""),
    });
    const check = () => {
      const text = editor.getValue();
      const mistake = text.trim() === "" ? undefined : Schema.findMistake(text, anyType);
      hint.text(mistake ?? "");
      place.toggleClass("input-error", mistake !== undefined);
    };
    editor.getSession().on("change", () => {
      const text = editor.getValue();
      input.val(text.trim() === "" ? "" : text).trigger("change");
      check();
    });
    check();
    expand.on("click", () => {
      const complete = (text: string) => editor.setValue(text, -1);
      RED.editor.editJSON({ value: editor.getValue(), title: Schema.translate("title"), complete });
    });
    // jQuery UI triggers it when the dialog or the list row that holds the input is removed.
    input.on("remove", () => editor.destroy());
  }
}
