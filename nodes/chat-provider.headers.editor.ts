/** The list of further headers in chat-provider's dialog. */
(() => {
  interface Header {
    name: string;
    value: string;
    secret: boolean;
  }

  /** Stands in a password field for what is stored; the editor never gets more. */
  const STORED = "__PWRD__";
  const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

  const field = (setting: string) => $(`#node-config-input-${setting}`);

  /** Rows of headers; the secret ones go to a credential, which the editor can replace but not read. */
  function show(node: EditorNode): void {
    const list = $("#chat-provider-header-list");
    const word = (key: string, values = {}) => node._(`chat-provider.headers.${key}`, values);
    const stored = field("secretHeaders").val() === STORED && !node.credentials?.["secretHeaders"];
    let kept = stored;
    const rows = () =>
      list
        .editableList("items")
        .toArray()
        .map((item) => $(item).data("data") as Header);
    const secrets = () => rows().filter(({ name, value, secret }) => secret && (name !== "" || value !== ""));
    const write = () => {
      if (secrets().length > 0) kept = false;
      field("headers").val(asJson(rows().filter(({ secret }) => !secret)));
      field("secretHeaders")
        .val(kept ? STORED : asJson(secrets()))
        .trigger("change");
      const fate = kept ? "kept" : secrets().length > 0 ? "replaced" : "removed";
      $("#chat-provider-stored").toggle(stored);
      $("#chat-provider-stored-text").text(word(fate, { count: secrets().length }));
      $("#chat-provider-stored-button").text(word(kept ? "replace" : "keep"));
    };
    const addItem = (row: JQuery, _index: number, data: Partial<Header>) => {
      const header: Header = Object.assign(data, { name: "", value: "", secret: false, ...data });
      const name = $('<input type="text">').attr("placeholder", word("name")).val(header.name);
      const value = $("<input>").attr("placeholder", word("value")).val(header.value);
      const secret = $('<input type="checkbox">').prop("checked", header.secret);
      const update = () => {
        header.name = String(name.val()).trim();
        header.value = String(value.val());
        header.secret = secret.is(":checked");
        value.attr("type", header.secret ? "password" : "text");
        const blank = header.name === "" && header.value === "";
        name.toggleClass("input-error", !blank && !HEADER_NAME.test(header.name));
        write();
      };
      row.addClass("chat-header").append(name, value, $("<label>").text(word("secret")).prepend(secret));
      row.on("change keyup paste", () => setTimeout(update));
      setTimeout(update);
    };
    list.editableList({
      addButton: word("add"),
      removable: true,
      height: "auto",
      addItem,
      removeItem: () => setTimeout(write),
    });
    const plain = read(field("headers").val()) ?? {};
    const typed = read(node.credentials?.["secretHeaders"]) ?? {};
    for (const [name, value] of Object.entries(plain)) list.editableList("addItem", { name, value });
    for (const [name, value] of Object.entries(typed)) {
      list.editableList("addItem", { name, value, secret: true });
    }
    $("#chat-provider-stored-button").on("click", () => {
      kept = !kept;
      if (kept) for (const row of secrets()) list.editableList("removeItem", row);
      write();
    });
    write();
  }

  /** @returns undefined for what is not a JSON object of texts */
  function read(text: unknown): Record<string, string> | undefined {
    try {
      const parsed: unknown = JSON.parse(String(text || "{}"));
      const texts = parsed && typeof parsed === "object" && !Array.isArray(parsed);
      if (!texts || !Object.values(parsed).every((value) => typeof value === "string")) return undefined;
      return parsed as Record<string, string>;
    } catch {
      return undefined;
    }
  }

  function asJson(headers: readonly Header[]): string {
    const given = headers.filter(({ name, value }) => name !== "" || value !== "");
    if (given.length === 0) return "";
    return JSON.stringify(Object.fromEntries(given.map(({ name, value }) => [name, value])));
  }

  $.extend({
    chatHeaders: {
      show,
      valid: (text: unknown) => Object.keys(read(text) ?? { "": "" }).every((name) => HEADER_NAME.test(name)),
    },
  });
})();
