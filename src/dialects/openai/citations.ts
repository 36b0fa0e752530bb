import { ENTRY_BYTES, estimateHeapBytes, estimateTextBytes } from "../../core/json/heap-size.js";
import { isObject, tryParseJson } from "../../core/json/parse.js";
import { HeldSize } from "../held-size.js";

/** Venice reports its own web search as a call of this tool, as if the model had called a tool of the request. */
const SEARCH_TOOL = "venice_web_search_documents";

/**
 * Collects the sources of an answer from the places where services put them. Venice's lists
 * (`venice_parameters.web_search_citations`, `venice_search_results`, documents in a call of its search tool) become
 * `annotations` of the first choice, the form of OpenAI and of the Anthropic dialect. A choice gets
 * each URL once, whichever place it came from (OpenAI API reference, "annotations"; Venice API reference, "Chat
 * Completions").
 */
export class Citations {
  // Created when they are needed: most streams have no sources.
  private seenUrls: Set<string> | undefined;
  /** Indices or ids of the calls of Venice's search tool. */
  private searchCalls: Set<unknown> | undefined;
  /** The latest lists, as JSON. */
  private lists = "";
  /** Whether the model has called a tool of the request. */
  private hasToolCalls = false;

  /** Whether the service has called its own search tool. */
  get hasSearches(): boolean {
    return this.searchCalls !== undefined;
  }

  /**
   * @param toolNames the request's tools. If one has the name of Venice's search tool, its calls are left alone.
   * @param held counts what is remembered
   */
  constructor(
    private readonly toolNames: readonly string[],
    private readonly held = new HeldSize(),
  ) {}

  /**
   * Moves the sources of a record to the annotations of its first choice, and removes repeated annotations.
   * @param choices the record's choices, before they are normalised; both are changed in place
   */
  moveToAnnotations(record: Record<string, unknown>, choices: Record<string, unknown>[]): void {
    const parameters = record["venice_parameters"];
    const sources = [
      ...(isObject(parameters) ? takeList(parameters, "web_search_citations") : []),
      ...takeList(record, "venice_search_results"),
      ...choices.flatMap((choice) => this.takeSearches(choice)),
    ];
    for (const choice of choices) this.removeRepeated(choice);
    this.addAnnotations(sources, choices);
  }

  /** Remembers the lists of a chunk, which some services repeat on each (Perplexity). @returns whether they changed */
  updateLists(lists: readonly unknown[]): boolean {
    const filled = lists.filter((list) => Array.isArray(list) && list.length > 0);
    if (filled.length === 0) return false;
    const json = JSON.stringify(filled);
    if (json === this.lists) return false;
    this.lists = json;
    return true;
  }

  private addAnnotations(sources: readonly unknown[], choices: Record<string, unknown>[]): void {
    const newSources = sources.filter((source) => isObject(source) && this.addUrl(source["url"], 0));
    if (newSources.length === 0) return;
    const annotations = newSources.map((source) => ({ type: "url_citation", url_citation: source }));
    let first = choices.find(({ index }) => (index ?? 0) === 0);
    if (!first) {
      first = { index: 0 };
      choices.push(first);
    }
    // A whole answer has a message instead of a delta.
    const holder = isObject(first["delta"])
      ? first["delta"]
      : isObject(first["message"])
        ? first["message"]
        : {};
    if (!isObject(first["message"])) first["delta"] = holder;
    const existing = holder["annotations"];
    holder["annotations"] = Array.isArray(existing) ? [...existing, ...annotations] : annotations;
  }

  /** Removes annotations whose URL is known. One that has a position in the text is always new. */
  private removeRepeated(choice: Record<string, unknown>): void {
    for (const delta of [choice["delta"], choice["message"]]) {
      if (!isObject(delta) || !Array.isArray(delta["annotations"])) continue;
      delta["annotations"] = delta["annotations"].filter((annotation) => {
        const citation: unknown = isObject(annotation) ? annotation["url_citation"] : undefined;
        if (!isObject(citation) || citation["start_index"] !== undefined) return true;
        return this.addUrl(citation["url"], choice["index"] ?? 0);
      });
    }
  }

  /** Remembers the URL of a source. @returns whether it is new for the choice; true for a source without a URL */
  private addUrl(url: unknown, choice: unknown): boolean {
    if (typeof url !== "string" || url === "") return true;
    const key = `${choice} ${url}`;
    this.seenUrls ??= new Set();
    if (this.seenUrls.has(key)) return false;
    this.held.add(ENTRY_BYTES + estimateTextBytes(key));
    this.seenUrls.add(key);
    return true;
  }

  /** Removes the calls of Venice's search tool, which the flow must not answer. @returns the documents in them */
  private takeSearches(choice: Record<string, unknown>): unknown[] {
    if (this.toolNames.includes(SEARCH_TOOL)) return [];
    const documents: unknown[] = [];
    for (const delta of [choice["delta"], choice["message"]]) {
      if (!isObject(delta) || !Array.isArray(delta["tool_calls"])) continue;
      const calls = delta["tool_calls"].filter((call) => !this.takeSearch(call, documents));
      this.hasToolCalls ||= calls.length > 0;
      delta["tool_calls"] = calls;
    }
    if (this.searchCalls && !this.hasToolCalls && choice["finish_reason"] === "tool_calls") {
      choice["finish_reason"] = "stop";
    }
    return documents;
  }

  /** Adds the documents of a call to a list, if it is a call of Venice's search tool. @returns whether it is one */
  private takeSearch(call: unknown, documents: unknown[]): boolean {
    if (!isObject(call)) return false;
    const { name, arguments: args } = isObject(call["function"]) ? call["function"] : {};
    // In a stream only the first piece of a call has the name; the others share its index or id.
    const key = call["index"] ?? call["id"];
    if (name !== SEARCH_TOOL && !(name === undefined && this.searchCalls?.has(key))) return false;
    this.searchCalls ??= new Set();
    if (!this.searchCalls.has(key)) this.held.add(ENTRY_BYTES + estimateHeapBytes(key));
    this.searchCalls.add(key);
    for (const document of readDocuments(args)) documents.push(document);
    return true;
  }
}

/** Takes a list out of an object. */
function takeList(object: Record<string, unknown>, key: string): unknown[] {
  const list = object[key];
  if (!Array.isArray(list)) return [];
  delete object[key];
  return list;
}

/** Reads documents from a call's arguments: a list, or an object with a list, as JSON or as a value. */
function readDocuments(args: unknown): unknown[] {
  const value = typeof args === "string" ? tryParseJson(args) : args;
  const list = isObject(value) ? Object.values(value).find(Array.isArray) : value;
  return Array.isArray(list)
    ? list.filter((document) => isObject(document) && typeof document["url"] === "string")
    : [];
}
