/// <reference path="red.d.ts" />

/** What the dialogs of several nodes do when they open. */
namespace Dialog {
  export interface TabOptions {
    /** Selects the fields whose mistakes count; default: all. */
    mistakes?: string;
    /** Called each time a page comes to the front. */
    onShow?(): void;
  }

  /**
   * Fills the fields of settings that a flow written by hand leaves out with the defaults, which the runtime uses, too.
   * @param prefix of the ids of the fields
   */
  export function fillMissing(node: EditorNode, prefix = "node-input"): void {
    const settings = node as EditorNode & Record<string, unknown>;
    for (const [setting, { value, type }] of Object.entries(node._def.defaults)) {
      if (settings[setting] !== undefined || type || typeof value === "object") continue;
      const field = $(`#${prefix}-${setting}`);
      if (typeof value === "boolean") field.prop("checked", value);
      else field.val(value as string);
    }
  }

  /**
   * Lists the context stores of the runtime in a select. One that is not there any more can still be chosen if it is stored.
   * @param field selects the field
   * @param none text of the choice without a store
   */
  export function listStores(field: string, stored: string, none: string): void {
    const select = $(field);
    const stores = new Set([...(RED.settings.context?.stores ?? ["default"]), ...(stored ? [stored] : [])]);
    select.empty().append($("<option>").val("").text(none));
    for (const store of stores) select.append($("<option>").val(store).text(store));
    select.val(stored);
  }

  /** Makes a tab for each page. The tab of a page that contains a mistake is marked, even if it is not in front. */
  export function showTabs(
    node: EditorNode,
    names: readonly string[],
    { mistakes = ".input-error", onShow }: TabOptions = {},
  ): Tabs {
    const pages = $(`#${node.type}-pages`);
    const tabs = RED.tabs.create({
      id: `${node.type}-tabs`,
      onchange: ({ id }) => {
        pages.children().hide();
        $(`#${id}`).show();
        onShow?.();
        RED.tray.resize();
      },
    });
    for (const name of names)
      tabs.addTab({ id: `${node.type}-${name}`, label: node._(`${node.type}.tab.${name}`) });
    const markTabs = () =>
      pages.children().each((_index, page) => {
        const isWrong = $(page).find(mistakes).length > 0;
        $(`#red-ui-tab-${page.id}`).toggleClass("chat-tab-wrong", isWrong);
      });
    letKeysSwitch($(`#${node.type}-tabs`), tabs);
    // The fields are checked shortly after such an event.
    pages.on("change keyup paste input click", () => setTimeout(markTabs, 50));
    setTimeout(markTabs, 100);
    return tabs;
  }

  /** Lets the keyboard switch tabs: the editor's own answer to the mouse only. */
  function letKeysSwitch(list: JQuery, tabs: Tabs): void {
    const readId = (link: JQuery) => String(link.attr("href")).slice(1);
    list.on("keydown", "a.red-ui-tab-label", (event) => {
      const links = list.find("a.red-ui-tab-label");
      const at = links.index(event.currentTarget);
      const steps: Record<string, number> = { Enter: 0, " ": 0, ArrowLeft: -1, ArrowRight: 1 };
      const step = steps[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const link = links.eq((at + step + links.length) % links.length);
      tabs.activateTab(readId(link));
      link.trigger("focus");
    });
  }
}
