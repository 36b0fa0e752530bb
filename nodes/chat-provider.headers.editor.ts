/// <reference path="editor/validators.editor.ts" />
/// <reference path="chat-provider.form.editor.ts" />

/** The list of further headers in chat-provider's dialog. */
namespace ProviderHeaders {
  interface Header {
    name: string;
    value: string;
    secret: boolean;
  }

  const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

  const { findField, STORED } = ProviderForm;

  /** Shows a row for each header. The secret ones go to a credential, which the editor can replace but not read. */
  export function showHeaders(node: EditorNode): void {
    const list = $("#chat-provider-header-list");
    const translate = (key: string, values = {}) => node._(`chat-provider.headers.${key}`, values);
    const isStored = findField("secretHeaders").val() === STORED && !node.credentials?.["secretHeaders"];
    let keepsStored = isStored;
    const readRows = () =>
      list
        .editableList("items")
        .toArray()
        .map((item) => $(item).data("data") as Header);
    const readSecrets = () => readRows().filter((header) => header.secret && !isBlank(header));
    const writeFields = () => {
      const secrets = readSecrets();
      if (secrets.length > 0) keepsStored = false;
      findField("headers").val(toJson(readRows().filter(({ secret }) => !secret)));
      findField("secretHeaders")
        .val(keepsStored ? STORED : toJson(secrets))
        .trigger("change");
      const fate = keepsStored ? "kept" : secrets.length > 0 ? "replaced" : "removed";
      $("#chat-provider-stored").toggle(isStored);
      $("#chat-provider-stored-text").text(translate(fate, { count: secrets.length }));
      $("#chat-provider-stored-button").text(translate(keepsStored ? "replace" : "keep"));
    };
    const addItem = (row: JQuery, _index: number, data: Partial<Header>) => {
      const header: Header = Object.assign(data, { name: "", value: "", secret: false, ...data });
      const name = $('<input type="text">').attr("placeholder", translate("name")).val(header.name);
      const value = $("<input>").attr("placeholder", translate("value")).val(header.value);
      const secret = $('<input type="checkbox">').prop("checked", header.secret);
      const readRow = () => {
        header.name = String(name.val()).trim();
        header.value = String(value.val());
        header.secret = secret.is(":checked");
        value.attr("type", header.secret ? "password" : "text");
        name.toggleClass("input-error", !isBlank(header) && !HEADER_NAME.test(header.name));
        writeFields();
      };
      row.addClass("chat-header").append(name, value, $("<label>").text(translate("secret")).prepend(secret));
      row.on("change keyup paste", () => setTimeout(readRow));
      setTimeout(readRow);
    };
    list.editableList({
      addButton: translate("add"),
      removable: true,
      height: "auto",
      addItem,
      removeItem: () => setTimeout(writeFields),
    });
    const plain = parseHeaders(findField("headers").val()) ?? {};
    const typed = parseHeaders(node.credentials?.["secretHeaders"]) ?? {};
    for (const [name, value] of Object.entries(plain)) list.editableList("addItem", { name, value });
    for (const [name, value] of Object.entries(typed)) {
      list.editableList("addItem", { name, value, secret: true });
    }
    $("#chat-provider-stored-button").on("click", () => {
      keepsStored = !keepsStored;
      if (keepsStored) for (const header of readSecrets()) list.editableList("removeItem", header);
      writeFields();
    });
    writeFields();
  }

  /** Whether the text is a JSON object of texts whose names HTTP allows. */
  export function areHeaders(text: unknown): boolean {
    const headers = parseHeaders(text);
    return headers !== undefined && Object.keys(headers).every((name) => HEADER_NAME.test(name));
  }

  /** @returns undefined if the text is not a JSON object of texts */
  function parseHeaders(text: unknown): Record<string, string> | undefined {
    const headers = Validators.parseObject(String(text || "{}"));
    const hasTexts = Object.values(headers ?? {}).every((value) => typeof value === "string");
    return hasTexts ? (headers as Record<string, string> | undefined) : undefined;
  }

  /** @returns "" if there are no headers */
  function toJson(headers: readonly Header[]): string {
    const filled = headers.filter((header) => !isBlank(header));
    if (filled.length === 0) return "";
    return JSON.stringify(Object.fromEntries(filled.map(({ name, value }) => [name, value])));
  }

  function isBlank({ name, value }: Header): boolean {
    return name === "" && value === "";
  }
}
