/// <reference path="editor/empty-list.editor.ts" />

/** The rows with tools of MCP servers in tool-call-router's dialog. */
namespace RouterMcp {
  /** A row as a flow holds it. */
  export interface Row {
    /** Id of the mcp-server. */
    server?: string;
    /** `*`, or names of tools. */
    tools?: "*" | string[];
    prefix?: string;
    /** Whether calls wait at an output of the row. */
    approve?: boolean;
  }

  /** A row in the dialog; a new one is empty. */
  export interface Item {
    row?: Row;
    /** The output that the row had when the dialog was opened, or a key that is not a number. */
    port?: string;
    readRow?(): Row;
    /** @param output its number from 1; undefined if it has none */
    showOutput?(output: number | undefined): void;
  }

  const LIST = "#tool-call-router-mcp-list";
  const PREFIX = /^[\w-]{0,32}$/;

  /** Finds the mistakes of all rows. */
  export function findMistakes(rows: readonly Row[], _: Translate): string[] {
    return rows.flatMap(({ server, prefix = "" }, at) => {
      const say = (key: string) => _(`tool-call-router.error.${key}`, { number: at + 1 });
      const mistakes: string[] = [];
      if (!isServer(server)) mistakes.push(say("mcpServer"));
      if (!PREFIX.test(prefix)) mistakes.push(say("mcpPrefix"));
      return mistakes;
    });
  }

  function isServer(id: string | undefined): boolean {
    return !!id && RED.nodes.node(id)?.type === "mcp-server";
  }

  /** Names the output of a row. */
  export function labelOutput({ server }: Row, _: Translate): string {
    const node = server ? RED.nodes.node(server) : undefined;
    return _("tool-call-router.port.approve", { server: node?.name || server || "" });
  }

  /** Notes with each mcp-server that the router uses it: the editor does so only for plain properties. */
  export function noteUse(router: EditorNode, rows: readonly Row[]): void {
    const used = new Set(rows.map(({ server }) => server));
    RED.nodes.eachConfig((config) => {
      const { type, id, users } = config as EditorNode & { users?: EditorNode[] };
      if (type !== "mcp-server" || !users) return;
      const at = users.indexOf(router);
      if (used.has(id) && at < 0) users.push(router);
      else if (!used.has(id) && at >= 0) users.splice(at, 1);
    });
  }

  export function listItems(): Item[] {
    return $(LIST)
      .editableList("items")
      .toArray()
      .map((element) => $(element).data("data") as Item);
  }

  /**
   * Fills the list with rows.
   * @param onChange called when an output may have come or gone
   */
  export function prepare(node: EditorNode, items: readonly Item[], onChange: () => void): void {
    let count = 0;
    $(LIST).editableList<Item>({
      addButton: node._("tool-call-router.mcp.add"),
      sortable: true,
      removable: true,
      height: "auto",
      addItem: (element, _at, item) => {
        item.row ??= { server: "", tools: "*", prefix: "", approve: false };
        item.port ??= `new-mcp-${count}`;
        fillRow(element, item, node, `mcp-${count++}`);
        setTimeout(onChange);
      },
      removeItem: () => setTimeout(onChange),
      sortItems: onChange,
    });
    EmptyList.describe($(LIST), node._("tool-call-router.mcp.none"));
    for (const item of items) $(LIST).editableList("addItem", item);
  }

  function fillRow(element: JQuery, item: Item, node: EditorNode, property: string): void {
    const translate = (key: string, values = {}) => node._(`tool-call-router.mcp.${key}`, values);
    const row = item.row!;
    const names = Array.isArray(row.tools) ? row.tools.join(", ") : "";
    const addLabel = (input: JQuery, key: string) =>
      input.attr("placeholder", translate(key)).attr("aria-label", translate(key));
    const tools = addLabel($('<input type="text">'), "tools").val(names);
    const prefix = addLabel($('<input type="text">'), "prefix").val(row.prefix ?? "");
    const approve = $('<input type="checkbox">').prop("checked", row.approve === true);
    const output = $("<span>").addClass("chat-tool-hint");
    const label = $("<label>").text(translate("approve")).prepend(approve);
    element
      .addClass("chat-tool")
      .append(
        $("<div>").append(
          $('<input type="text">').attr("id", `node-input-${property}`).attr("style", "width: 100%"),
        ),
        $("<div>").append(tools, prefix.addClass("chat-tool-prefix")),
        $("<div>").append(label.addClass("chat-tool-tick"), output),
      );
    const editContext = Object.assign(Object.create(node) as EditorNode, { [property]: row.server ?? "" });
    RED.editor.prepareConfigNodeSelect(editContext, property, "mcp-server", "node-input");
    keepEditable($(`#node-input-${property}`));
    item.readRow = () => {
      const server = String($(`#node-input-${property}`).val() ?? "");
      const list = String(tools.val())
        .split(/[\s,]+/)
        .filter((name) => name !== "" && name !== "*");
      return {
        server: server === "_ADD_" ? "" : server,
        tools: list.length > 0 ? list : "*",
        prefix: String(prefix.val()).trim(),
        approve: approve.is(":checked"),
      };
    };
    item.showOutput = (number) => output.text(number ? translate("output", { output: number }) : "");
    const check = () => {
      prefix.toggleClass("input-error", !PREFIX.test(String(prefix.val()).trim()));
      const server = $(`#node-input-${property}`);
      server.toggleClass("input-error", !isServer(String(server.val() ?? "")));
    };
    element.on("change keyup paste input", () => setTimeout(check));
    check();
  }

  /**
   * Keeps the buttons beside a list of config nodes in use. The editor marks each option whose config node has a property
   * `env`, because it takes that for a variable of a subflow, and locks the buttons. An mcp-server has one of its own.
   */
  function keepEditable(select: JQuery): void {
    select.on("change", () => {
      const marked = select
        .find("option")
        .filter((_at, option) => $(option).data("env") && !String($(option).val()).startsWith("${"));
      if (marked.length === 0) return;
      marked.removeData("env");
      select.trigger("change");
    });
  }
}
