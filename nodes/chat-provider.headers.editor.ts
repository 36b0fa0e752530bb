/// <reference path="editor/pairs.editor.ts" />
/// <reference path="chat-provider.form.editor.ts" />

/** The list of further headers in chat-provider's dialog. */
namespace ProviderHeaders {
  const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

  const isHeaderName = (name: string) => HEADER_NAME.test(name);

  /** Shows a row for each header. */
  export function showHeaders(node: EditorNode): void {
    Pairs.show(node, {
      id: "chat-provider",
      plain: ProviderForm.findField("headers"),
      secret: ProviderForm.findField("secretHeaders"),
      credential: "secretHeaders",
      translate: (key, values) => node._(`chat-provider.headers.${key}`, values),
      isName: isHeaderName,
    });
  }

  /** Whether the text is a JSON object of texts whose names HTTP allows. */
  export function areHeaders(text: unknown): boolean {
    return Pairs.arePairs(text, isHeaderName);
  }
}
