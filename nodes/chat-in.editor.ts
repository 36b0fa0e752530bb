/// <reference path="editor/validators.editor.ts" />
/// <reference path="editor/dialog.editor.ts" />
/// <reference path="editor/empty-list.editor.ts" />

/** The editor half of chat-in. */
(() => {
  interface Model {
    name: string;
    model: string;
  }

  interface ChatInNode extends EditorNode {
    endpoint?: string;
    models?: unknown;
  }

  /** Reads the names of a node. A flow written by hand may have only the names, or leave them out. */
  function readModels({ models = "my-flow" }: ChatInNode): Model[] {
    return [models].flat().map((entry) => {
      const row = Validators.isObject(entry) ? entry : { name: entry };
      return { name: String(row["name"] ?? "").trim(), model: String(row["model"] ?? "").trim() };
    });
  }

  function listNames(node: ChatInNode): string[] {
    return readModels(node).flatMap(({ name }) => (name === "" ? [] : [name]));
  }

  function checkModels(this: ChatInNode, value: unknown, _options: object): true | string {
    const names = listNames({ ...this, models: value });
    if (names.length === 0) return this._("chat-in.error.models");
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined) return this._("chat-in.error.twice", { name: twice });
    const others = RED.nodes
      .filterNodes({ type: "chat-in" })
      .filter((other): other is ChatInNode => other.id !== this.id)
      .filter(({ endpoint }) => endpoint === this.endpoint)
      .flatMap(listNames);
    const taken = names.find((name) => others.includes(name));
    return taken === undefined || this._("chat-in.error.taken", { name: taken });
  }

  RED.nodes.registerType<ChatInNode>("chat-in", {
    category: "AI",
    color: "#8FBFC3",
    icon: "chat-in.svg",
    defaults: {
      name: { value: "" },
      endpoint: {
        value: "",
        type: "chat-endpoint",
        required: true,
        label: RED._("@deltaflow/node-red-chat-stream/chat-in:chat-in.label.endpoint"),
      },
      models: { value: [{ name: "my-flow", model: "" }], validate: checkModels },
      timeout: { value: 600, validate: Validators.checkNumber("timeout", { above: 0 }) },
    },
    inputs: 0,
    outputs: 1,
    paletteLabel: "chat in",
    outputLabels() {
      return this._("chat-in.port.output");
    },
    label() {
      return this.name || listNames(this).join(", ") || this._("chat-in.default");
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
      Dialog.fillMissing(this);
      showModels(this);
    },
    oneditsave() {
      this.models = listRows().filter(({ name }) => name !== "");
    },
  });

  function listRows(): Model[] {
    return $("#chat-in-model-list")
      .editableList("items")
      .toArray()
      .map((item) => $(item).data("data") as Model);
  }

  function showModels(node: ChatInNode): void {
    const list = $("#chat-in-model-list");
    const translate = (key: string) => node._(`chat-in.models.${key}`);
    const markTwice = () => {
      const names = listRows().map(({ name }) => name);
      for (const item of list.editableList("items").toArray()) {
        const { name } = $(item).data("data") as Model;
        const isWrong = name !== "" && names.indexOf(name) !== names.lastIndexOf(name);
        $(item).find("input").first().toggleClass("input-error", isWrong);
      }
    };
    list.editableList<Partial<Model>>({
      addButton: translate("add"),
      removable: true,
      sortable: true,
      height: "auto",
      addItem: (row, _index, data) => {
        const model: Model = Object.assign(data, { name: "", model: "", ...data });
        const name = $('<input type="text">').attr("placeholder", translate("name")).val(model.name);
        const asked = $('<input type="text">').attr("placeholder", translate("model")).val(model.model);
        row.addClass("chat-header").append(name, asked);
        const readRow = () => {
          model.name = String(name.val()).trim();
          model.model = String(asked.val()).trim();
          markTwice();
        };
        row.on("change keyup paste input", () => setTimeout(readRow));
        setTimeout(readRow);
      },
      removeItem: () => setTimeout(markTwice),
    });
    EmptyList.describe(list, translate("none"));
    for (const model of readModels(node)) if (model.name !== "") list.editableList("addItem", model);
  }
})();
