/// <reference path="red.d.ts" />
/// <reference path="validators.editor.ts" />

/** The form in which a provider asks its service. */
namespace ServiceForm {
  /** What the admin route `chat-provider/providers` says of a service's address and forms. */
  export interface Addresses {
    baseUrl?: string;
    /** Its forms if it has both, the better one first. */
    forms?: ("chat" | "responses")[];
    /** A regular expression for the service's own hosts; default: the host of `baseUrl`. */
    ownHost?: string;
  }

  /**
   * Reads the form of a provider. One that is older than the choice is asked in Chat Completions at another address than
   * the service's own, whatever form is the better one; so it stays.
   * @returns "" for the better form
   */
  export function readForm(
    { api, baseUrl = "" }: { api?: string; baseUrl?: string },
    service: Addresses | undefined,
  ): string {
    if (api !== undefined || baseUrl.trim() === "") return api ?? "";
    const host = Validators.parseUrl(baseUrl)?.host ?? "";
    const { ownHost, baseUrl: ownUrl = "" } = service ?? {};
    const isOwn = ownHost ? new RegExp(ownHost).test(host) : Validators.parseUrl(ownUrl)?.host === host;
    return isOwn ? "" : "chat";
  }
}
