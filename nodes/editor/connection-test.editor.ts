/// <reference path="red.d.ts" />
/// <reference path="providers.editor.ts" />

/** The button *Test connection* of a config node's dialog. It tests what stands in the dialog. */
namespace ConnectionTest {
  export interface Options<Answer> {
    /** Ids of the form, the button and the result begin with it. */
    id: string;
    /** The route of the runtime that tests. */
    url: string;
    /** Reads the node as it stands in the dialog. */
    readDraft(): object;
    /** Looks up a text of the node's catalogue: `running` or `unreachable`. */
    translate(key: string): string;
    /** @returns the text of a result, and its class */
    describe(answer: Answer): [text: string, kind: string];
  }

  /** Prepares the button. A result disappears once something is changed. */
  export function prepare<Answer>({ id, url, readDraft, translate, describe }: Options<Answer>): void {
    const result = $(`#${id}-test-result`);
    const show = (text: string, kind = "") => result.text(text).attr("class", `chat-hint ${kind}`);
    /** What the shown result is about. */
    let tested = "";
    let clicks = 0;
    const hideOld = () => {
      if (tested !== "" && JSON.stringify(readDraft()) !== tested) show("");
    };
    $(`#${id}-test`).on("click", () => {
      const draft = readDraft();
      const click = ++clicks;
      tested = JSON.stringify(draft);
      show(translate("running"));
      Providers.post(url, draft).then(
        (answer) => {
          if (click === clicks && JSON.stringify(readDraft()) === tested) show(...describe(answer as Answer));
        },
        () => show(translate("unreachable"), "chat-wrong"),
      );
    });
    $(`#${id}-form`).on("change keyup paste input click", () => setTimeout(hideOld));
  }
}
