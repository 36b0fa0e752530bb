import { tryParseJson } from "../../core/json/parse.js";
import { findLiteralEnd } from "./string-literal.js";

/** Where a value is in the text of a record. A string is without its quotes. */
export interface Place {
  readonly start: number;
  readonly end: number;
  readonly kind: "string" | "number" | "container" | "word";
}

const WHITE_SPACE = /[\t\n\r ]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/**
 * Finds where the values of a record are in its text.
 * @param data valid JSON
 * @returns the places by their JSON pointers; undefined if a key comes twice in an object, or if the text is not JSON
 */
export function findPlaces(data: string): Map<string, Place> | undefined {
  const finder = new PlaceFinder(data);
  return finder.readAll() ? finder.places : undefined;
}

/** Lists the places of the strings and numbers that differ in two records. */
export function listDifferences(one: string, other: string): string[] {
  const known = findPlaces(one);
  const found = known && findPlaces(other);
  return [...(found ?? [])].flatMap(([pointer, { start, end, kind }]) => {
    const before = known?.get(pointer);
    if (before?.kind !== kind || (kind !== "string" && kind !== "number")) return [];
    return one.slice(before.start, before.end) === other.slice(start, end) ? [] : [pointer];
  });
}

class PlaceFinder {
  readonly places = new Map<string, Place>();
  private at = 0;

  constructor(private readonly data: string) {}

  /** @returns whether the text is one value and no key comes twice */
  readAll(): boolean {
    if (!this.readValue("")) return false;
    this.skip(WHITE_SPACE);
    return this.at === this.data.length;
  }

  private readValue(pointer: string): boolean {
    this.skip(WHITE_SPACE);
    const start = this.at;
    const char = this.data.charCodeAt(start);
    if (char === QUOTE) {
      const end = findLiteralEnd(this.data, start + 1);
      this.at = end + 1;
      return end !== -1 && this.add(pointer, { start: start + 1, end, kind: "string" });
    }
    if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      const isRead = char === OPEN_BRACE ? this.readMembers(pointer) : this.readEntries(pointer);
      return isRead && this.add(pointer, { start, end: this.at, kind: "container" });
    }
    const kind = this.skip(NUMBER) ? "number" : "word";
    if (kind === "word" && !this.skip(WORD)) return false;
    return this.add(pointer, { start, end: this.at, kind });
  }

  private readMembers(pointer: string): boolean {
    this.at++;
    if (this.take("}")) return true;
    do {
      if (!this.take('"')) return false;
      const end = findLiteralEnd(this.data, this.at);
      const key = end === -1 ? undefined : readKey(this.data.slice(this.at, end));
      if (key === undefined) return false;
      this.at = end + 1;
      if (!this.take(":") || !this.readValue(`${pointer}/${escapeKey(key)}`)) return false;
    } while (this.take(","));
    return this.take("}");
  }

  private readEntries(pointer: string): boolean {
    this.at++;
    if (this.take("]")) return true;
    let index = 0;
    do {
      if (!this.readValue(`${pointer}/${index++}`)) return false;
    } while (this.take(","));
    return this.take("]");
  }

  private add(pointer: string, place: Place): boolean {
    if (this.places.has(pointer)) return false;
    this.places.set(pointer, place);
    return true;
  }

  /** Moves behind the next character, if it is this one. */
  private take(char: string): boolean {
    this.skip(WHITE_SPACE);
    if (this.data[this.at] !== char) return false;
    this.at++;
    return true;
  }

  /** Moves behind what a pattern matches here. @returns whether it matches anything */
  private skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.data);
    if (!match) return false;
    this.at += match[0].length;
    return true;
  }
}

/** Reads a key from the literal between its quotes. @returns undefined if it is not JSON */
function readKey(literal: string): string | undefined {
  const key: unknown = literal.includes("\\") ? tryParseJson(`"${literal}"`) : literal;
  return typeof key === "string" ? key : undefined;
}

/** Writes a key as a part of a JSON pointer. */
function escapeKey(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
