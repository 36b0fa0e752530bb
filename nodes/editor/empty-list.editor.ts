/// <reference path="red.d.ts" />

/** Lists of a dialog that say so while they are empty. */
namespace EmptyList {
  /**
   * Shows a text in the place of the rows while a list has none.
   * @param list an editableList
   */
  export function describe(list: JQuery, text: string): void {
    // Inside the border that the editor draws around the list, but not in the list: that has rows only.
    const note = $("<div>").addClass("chat-empty").text(text).insertBefore(list);
    const update = () => note.toggle(list.children().length === 0);
    new MutationObserver(update).observe(list[0]!, { childList: true });
    update();
  }
}
