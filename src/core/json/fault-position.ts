const TOKEN =
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*")|((?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])))/y;
const SPACE = /[ \t\n\r]*/y;

/** What may come next: a value, a value or the end of a list, a key, a key or the end of an object, … */
type Expected = "value" | "item" | "key" | "member" | "colon" | "next" | "end";

/**
 * Where a text stops being JSON, in UTF-16 units from 0; its length where it only breaks off. For telling a fault
 * without quoting the text, as JavaScript's own messages do.
 * @returns undefined for a text that is JSON
 */
export function jsonFaultAt(text: string): number | undefined {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  TOKEN.lastIndex = 0;
  for (;;) {
    const from = TOKEN.lastIndex;
    const token = TOKEN.exec(text);
    SPACE.lastIndex = from;
    SPACE.test(text);
    const at = SPACE.lastIndex;
    if (!token) return at === text.length && expected === "end" ? undefined : at;
    const [, mark, string] = token;
    const next = after(expected, mark ?? (string === undefined ? "literal" : "string"), open);
    if (next === undefined) return at;
    expected = next;
  }
}

/** @param open the brackets that are open; changed @returns undefined where the token may not stand there */
function after(expected: Expected, token: string, open: ("{" | "[")[]): Expected | undefined {
  const within = open.at(-1);
  if (expected === "colon") return token === ":" ? "value" : undefined;
  if (expected === "key" || expected === "member") {
    if (token === "string") return "colon";
    return expected === "member" && token === "}" ? closed(open) : undefined;
  }
  if (expected === "next") {
    if (token === ",") return within === "{" ? "key" : "value";
    return token === (within === "{" ? "}" : "]") ? closed(open) : undefined;
  }
  if (expected === "end") return undefined;
  if (token === "{" || token === "[") {
    open.push(token);
    return token === "{" ? "member" : "item";
  }
  if (token === "]" && expected === "item") return closed(open);
  if (token !== "string" && token !== "literal") return undefined;
  return within === undefined ? "end" : "next";
}

function closed(open: unknown[]): Expected {
  open.pop();
  return open.length === 0 ? "end" : "next";
}
