/// <reference path="editor/empty-list.editor.ts" />

/** The list of keys in chat-endpoint's dialog. */
namespace EndpointKeys {
  interface Key {
    name: string;
    key: string;
  }

  /** Value of a password field whose credential is stored; the editor never gets the credential itself. */
  const STORED = "__PWRD__";
  const KEY_BYTES = 24;

  /** Shows a row for each key that is typed. They go to a credential, which the editor can replace but not read. */
  export function showKeys(node: EditorNode): void {
    const list = $("#chat-endpoint-key-list");
    const field = $("#node-config-input-keys");
    const translate = (key: string, values = {}) => node._(`chat-endpoint.keys.${key}`, values);
    const isStored = field.val() === STORED && !node.credentials?.["keys"];
    let keepsStored = isStored;
    const readRows = () =>
      list
        .editableList("items")
        .toArray()
        .map((item) => $(item).data("data") as Key);
    const readKeys = () => readRows().filter(({ key }) => key !== "");
    const writeField = () => {
      const keys = readKeys();
      if (keys.length > 0) keepsStored = false;
      field.val(keepsStored ? STORED : formatKeys(keys)).trigger("change");
      const fate = keepsStored ? "kept" : keys.length > 0 ? "replaced" : "removed";
      $("#chat-endpoint-stored").toggle(isStored);
      $("#chat-endpoint-stored-text").text(translate(fate, { count: keys.length }));
      $("#chat-endpoint-stored-button").text(translate(keepsStored ? "replace" : "keep"));
      // Whether the endpoint is closed depends on its keys.
      $("#node-config-input-open").trigger("change");
    };
    const addItem = (row: JQuery, _index: number, data: Partial<Key>) => {
      // A new row brings a key that nobody can guess. It can be copied until the dialog is closed.
      const key: Key = Object.assign(data, { name: "", key: createKey(), ...data });
      const name = $('<input type="text">').attr("placeholder", translate("name")).val(key.name);
      const value = $('<input type="text">').attr("placeholder", translate("key")).val(key.key);
      row.addClass("chat-header").append(name, value);
      const readRow = () => {
        key.name = String(name.val()).trim();
        key.key = String(value.val()).trim();
        value.toggleClass("input-error", /\s/.test(key.key));
        writeField();
      };
      row.on("change keyup paste input", () => setTimeout(readRow));
      setTimeout(readRow);
    };
    list.editableList({
      addButton: translate("add"),
      removable: true,
      height: "auto",
      addItem,
      removeItem: () => setTimeout(writeField),
    });
    EmptyList.describe(list, translate("none"));
    for (const key of parseKeys(node.credentials?.["keys"])) list.editableList("addItem", key);
    $("#chat-endpoint-stored-button").on("click", () => {
      keepsStored = !keepsStored;
      if (keepsStored) for (const key of readRows()) list.editableList("removeItem", key);
      writeField();
    });
    writeField();
  }

  function createKey(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
    const letters = btoa(String.fromCharCode(...bytes));
    return `sk-${letters.replace(/\+/g, "-").replace(/\//g, "_")}`;
  }

  /** A key a line, after its name. */
  function formatKeys(keys: readonly Key[]): string {
    return keys.map(({ name, key }) => (name === "" ? key : `${name} ${key}`)).join("\n");
  }

  function parseKeys(text: unknown): Key[] {
    return String(text ?? "")
      .split("\n")
      .flatMap((line) => {
        const words = line.split(/\s+/).filter((word) => word !== "");
        const key = words.pop();
        return key === undefined ? [] : [{ name: words.join(" "), key }];
      });
  }
}
