/// <reference path="red.d.ts" />
/// <reference path="empty-list.editor.ts" />
/// <reference path="validators.editor.ts" />

/** A list of names and values in a dialog, some of which are secret. */
namespace Pairs {
  interface Pair {
    name: string;
    value: string;
    secret: boolean;
  }

  export interface PairsOptions {
    /** Ids of the list and of the line about stored secrets begin with it. */
    id: string;
    /** The hidden field with the pairs that are not secret, as JSON text. */
    plain: JQuery;
    /** The hidden field with the secret ones. */
    secret: JQuery;
    /** Name of the credential of the secret ones. */
    credential: string;
    /** Looks up a word of the list in the node's catalogue. */
    translate(key: string, values?: Record<string, string | number>): string;
    isName(name: string): boolean;
  }

  /** Value of a password field whose credential is stored; the editor never gets the credential itself. */
  const STORED = "__PWRD__";

  /** Shows a row for each pair. The secret ones go to a credential, which the editor can replace but not read. */
  export function show(node: EditorNode, options: PairsOptions): void {
    const { id, plain, secret, credential, translate, isName } = options;
    const list = $(`#${id}-list`);
    const isStored = secret.val() === STORED && !node.credentials?.[credential];
    let keepsStored = isStored;
    const readRows = () =>
      list
        .editableList("items")
        .toArray()
        .map((item) => $(item).data("data") as Pair);
    const readSecrets = () => readRows().filter((pair) => pair.secret && !isBlank(pair));
    const writeFields = () => {
      const secrets = readSecrets();
      if (secrets.length > 0) keepsStored = false;
      plain.val(toJson(readRows().filter((pair) => !pair.secret))).trigger("change");
      secret.val(keepsStored ? STORED : toJson(secrets)).trigger("change");
      const fate = keepsStored ? "kept" : secrets.length > 0 ? "replaced" : "removed";
      $(`#${id}-stored`).toggle(isStored);
      $(`#${id}-stored-text`).text(translate(fate, { count: secrets.length }));
      $(`#${id}-stored-button`).text(translate(keepsStored ? "replace" : "keep"));
    };
    const addItem = (row: JQuery, _index: number, data: Partial<Pair>) => {
      const pair: Pair = Object.assign(data, { name: "", value: "", secret: false, ...data });
      const name = $('<input type="text">').attr("placeholder", translate("name")).val(pair.name);
      const value = $("<input>").attr("placeholder", translate("value")).val(pair.value);
      const isSecret = $('<input type="checkbox">').prop("checked", pair.secret);
      const readRow = () => {
        pair.name = String(name.val()).trim();
        pair.value = String(value.val());
        pair.secret = isSecret.is(":checked");
        value.attr("type", pair.secret ? "password" : "text");
        name.toggleClass("input-error", !isBlank(pair) && !isName(pair.name));
        writeFields();
      };
      const label = $("<label>").text(translate("secret")).prepend(isSecret);
      row.addClass("chat-header").append(name, value, label);
      row.on("change keyup paste input", () => setTimeout(readRow));
      setTimeout(readRow);
    };
    list.editableList({
      addButton: translate("add"),
      removable: true,
      height: "auto",
      addItem,
      removeItem: () => setTimeout(writeFields),
    });
    EmptyList.describe(list, translate("none"));
    for (const [name, value] of Object.entries(parse(plain.val()) ?? {}))
      list.editableList("addItem", { name, value });
    for (const [name, value] of Object.entries(parse(node.credentials?.[credential]) ?? {}))
      list.editableList("addItem", { name, value, secret: true });
    $(`#${id}-stored-button`).on("click", () => {
      keepsStored = !keepsStored;
      if (keepsStored) for (const pair of readSecrets()) list.editableList("removeItem", pair);
      writeFields();
    });
    writeFields();
  }

  /** Whether the text is a JSON object of texts whose names are right. */
  export function arePairs(text: unknown, isName: (name: string) => boolean): boolean {
    const pairs = parse(text);
    return pairs !== undefined && Object.keys(pairs).every(isName);
  }

  /** @returns undefined if the text is not a JSON object of texts */
  function parse(text: unknown): Record<string, string> | undefined {
    const pairs = Validators.parseObject(String(text || "{}"));
    const hasTexts = Object.values(pairs ?? {}).every((value) => typeof value === "string");
    return hasTexts ? (pairs as Record<string, string> | undefined) : undefined;
  }

  /** @returns "" if there are no pairs */
  function toJson(pairs: readonly Pair[]): string {
    const filled = pairs.filter((pair) => !isBlank(pair));
    if (filled.length === 0) return "";
    return JSON.stringify(Object.fromEntries(filled.map(({ name, value }) => [name, value])));
  }

  function isBlank({ name, value }: Pair): boolean {
    return name === "" && value === "";
  }
}
