import { isObject, tryParseJson } from "../../core/json/parse.js";

/** Under this name Venice tells what it has searched for, as if the model had called a tool of the author's. */
const SEARCH_TOOL = "venice_web_search_documents";

/**
 * The sources of an answer, wherever a service tells them. Venice's lists (`venice_parameters.web_search_citations`,
 * `venice_search_results`, documents in a tool call that is none) become `annotations` of the first choice, as OpenAI
 * and our Anthropic dialect have them: each address once, whichever place it came from first.
 */
export class Citations {
  // Made when there is something to note: most streams have no sources.
  private seen: Set<string> | undefined;
  private searches: Set<unknown> | undefined;
  private said = "";
  /** Whether the model has called a tool of the author's. */
  private called = false;

  /** @param toolNames the tools offered: what the author calls so himself is his */
  constructor(private readonly toolNames: readonly string[]) {}

  /** Brings the sources of a record, as it came, to their place. */
  moveToAnnotations(record: Record<string, unknown>, choices: Record<string, unknown>[]): void {
    const echoed = record["venice_parameters"];
    const found = [
      ...(isObject(echoed) ? takeList(echoed, "web_search_citations") : []),
      ...takeList(record, "venice_search_results"),
      ...choices.flatMap((choice) => this.takeSearches(choice)),
    ];
    for (const choice of choices) this.withoutRepeated(choice);
    this.cite(found, choices);
  }

  /** Whether a list of addresses that some services repeat on each chunk (Perplexity) has changed. */
  updateLists(lists: readonly unknown[]): boolean {
    const told = lists.filter((list) => Array.isArray(list) && list.length > 0);
    if (told.length === 0) return false;
    const said = JSON.stringify(told);
    if (said === this.said) return false;
    this.said = said;
    return true;
  }

  private cite(found: readonly unknown[], choices: Record<string, unknown>[]): void {
    const fresh = found.filter((source) => isObject(source) && this.isUnseen(source["url"], 0));
    if (fresh.length === 0) return;
    const annotations = fresh.map((source) => ({ type: "url_citation", url_citation: source }));
    let first = choices.find(({ index }) => (index ?? 0) === 0);
    if (!first) {
      first = { index: 0 };
      choices.push(first);
    }
    // A whole answer has a message in the place of the delta.
    const place = isObject(first["delta"])
      ? first["delta"]
      : isObject(first["message"])
        ? first["message"]
        : {};
    if (!isObject(first["message"])) first["delta"] = place;
    const own = place["annotations"];
    place["annotations"] = Array.isArray(own) ? [...own, ...annotations] : annotations;
  }

  /** An annotation that names a place in the text is a new one each time; one that only names its source is not. */
  private withoutRepeated(choice: Record<string, unknown>): void {
    for (const delta of [choice["delta"], choice["message"]]) {
      if (!isObject(delta) || !Array.isArray(delta["annotations"])) continue;
      delta["annotations"] = delta["annotations"].filter((annotation) => {
        const cited: unknown = isObject(annotation) ? annotation["url_citation"] : undefined;
        if (!isObject(cited) || cited["start_index"] !== undefined) return true;
        return this.isUnseen(cited["url"], choice["index"] ?? 0);
      });
    }
  }

  private isUnseen(url: unknown, choice: unknown): boolean {
    if (typeof url !== "string" || url === "") return true;
    const key = `${choice} ${url}`;
    this.seen ??= new Set();
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    return true;
  }

  /** No router could answer a search that the service has already made. @returns what it found */
  private takeSearches(choice: Record<string, unknown>): unknown[] {
    if (this.toolNames.includes(SEARCH_TOOL)) return [];
    const documents: unknown[] = [];
    for (const delta of [choice["delta"], choice["message"]]) {
      if (!isObject(delta) || !Array.isArray(delta["tool_calls"])) continue;
      const calls = delta["tool_calls"].filter((call) => !this.isSearch(call, documents));
      this.called ||= calls.length > 0;
      delta["tool_calls"] = calls;
    }
    if (this.searches && !this.called && choice["finish_reason"] === "tool_calls") {
      choice["finish_reason"] = "stop";
    }
    return documents;
  }

  private isSearch(call: unknown, documents: unknown[]): boolean {
    if (!isObject(call)) return false;
    const said = isObject(call["function"]) ? call["function"] : {};
    // Only its first piece bears the name; in a whole message each call does.
    const key = call["index"] ?? call["id"];
    if (said["name"] !== SEARCH_TOOL && !(said["name"] === undefined && this.searches?.has(key)))
      return false;
    this.searches ??= new Set();
    this.searches.add(key);
    documents.push(...documentsIn(said["arguments"]));
    return true;
  }
}

/** A list taken out of an object; the object keeps the rest. */
function takeList(object: Record<string, unknown>, key: string): unknown[] {
  const list = object[key];
  if (!Array.isArray(list)) return [];
  delete object[key];
  return list;
}

function documentsIn(given: unknown): unknown[] {
  const value = typeof given === "string" ? tryParseJson(given) : given;
  const list = isObject(value) ? Object.values(value).find(Array.isArray) : value;
  return Array.isArray(list)
    ? list.filter((entry) => isObject(entry) && typeof entry["url"] === "string")
    : [];
}
