import type { FormName } from "./form.js";

/** Forms whose clients can read an answer again, by its id. */
export type ReturningForm = "responses" | "ui" | "events";

/** What Ollama's clients ask for beside answers: signs of life, versions and models. */
export type OllamaQuestion = "alive" | "version" | "tags" | "show" | "ps" | "pull";

/** What a request to an endpoint asks for. `form` is the form in which it is answered, errors included. */
export type Route =
  /** A chat request. `model` is the name in the address, as in `RequestSource`. */
  | { action: "ask"; form: FormName; model: string; isGenerate?: boolean }
  | { action: "models"; form: "chat" | "ui" }
  /** The library with which a page shows markdown. */
  | { action: "script"; form: "ui" }
  | { action: "model"; form: "chat"; name: string }
  | { action: "ollama"; form: "ollama"; question: OllamaQuestion }
  /** Reads an answer that has been asked before, by its id or by that of its conversation. */
  | { action: "read" | "stop"; form: ReturningForm; id: string }
  /** A path of a form that does not exist. */
  | { action: "unknown"; form: FormName }
  | { action: "wrongMethod"; form: FormName; allowed: string };

/** The forms by the first segment of their paths. Other paths below an endpoint's own are left to the flow. */
const FORMS_BY_SEGMENT: Readonly<Record<string, readonly FormName[]>> = {
  v1: ["chat", "responses"],
  chat: ["chat"],
  models: ["chat", "responses"],
  responses: ["responses"],
  api: ["ollama"],
  ui: ["ui"],
  "markdown.js": ["ui", "events"],
  "ag-ui": ["ag-ui"],
  events: ["events"],
};

const OLLAMA_METHODS: Readonly<Record<Exclude<OllamaQuestion, "alive">, Method>> = {
  version: "GET",
  tags: "GET",
  ps: "GET",
  show: "POST",
  pull: "POST",
};

type Method = "GET" | "POST" | "DELETE";

/**
 * Whether a path below the endpoint's own belongs to one of its forms.
 * @param path begins with `/`, or is `""`
 */
export function isServedPath(path: string, forms: ReadonlySet<FormName>): boolean {
  const [first] = splitPath(path);
  if (first === undefined) return forms.has("ollama");
  const key = first.toLowerCase();
  return Object.hasOwn(FORMS_BY_SEGMENT, key) && FORMS_BY_SEGMENT[key]!.some((form) => forms.has(form));
}

/** The second form that an action belongs to. The action is served if either form is. */
const SECOND_FORMS: Readonly<Partial<Record<Route["action"], FormName>>> = {
  models: "responses",
  model: "responses",
  script: "events",
};

/**
 * Finds what a request asks for. Clients write the base address with and without `/v1`, and with slashes too many.
 * @param path below the endpoint's own path, without the query
 * @param forms those that are served
 */
export function findRoute(method: string, path: string, forms: ReadonlySet<FormName>): Route {
  const route = findAnyRoute(method, path);
  const isServed = forms.has(route.form) || forms.has(SECOND_FORMS[route.action] ?? route.form);
  return isServed ? route : { action: "unknown", form: route.form };
}

function findAnyRoute(method: string, path: string): Route {
  const segments = splitPath(path);
  const choose = (allowed: readonly Method[], route: Route) => chooseByMethod(method, allowed, route);
  if (segments.length === 0) return choose(["GET"], { action: "ollama", form: "ollama", question: "alive" });
  while (segments[0]?.toLowerCase() === "v1") segments.shift();
  const [first = "", ...rest] = segments.map(decodeSegment);
  switch (first.toLowerCase()) {
    case "chat":
      return rest.join("/").toLowerCase() === "completions"
        ? choose(["POST"], { action: "ask", form: "chat", model: "" })
        : { action: "unknown", form: "chat" };
    case "models":
      return choose(
        ["GET"],
        rest.length === 0
          ? { action: "models", form: "chat" }
          : { action: "model", form: "chat", name: rest.join("/") },
      );
    case "markdown.js":
      return rest.length === 0
        ? choose(["GET"], { action: "script", form: "ui" })
        : { action: "unknown", form: "ui" };
    case "api":
      return findOllamaRoute(rest.join("/").toLowerCase(), choose);
    case "ag-ui":
      return choose(["POST"], { action: "ask", form: "ag-ui", model: rest.join("/") });
    case "responses":
    case "ui":
    case "events":
      return findReturningRoute(method, first.toLowerCase() as ReturningForm, rest, choose);
    default:
      return { action: "unknown", form: "chat" };
  }
}

type Choose = (allowed: readonly Method[], route: Route) => Route;

function findOllamaRoute(name: string, choose: Choose): Route {
  const form = "ollama";
  if (name === "chat") return choose(["POST"], { action: "ask", form, model: "" });
  if (name === "generate") return choose(["POST"], { action: "ask", form, model: "", isGenerate: true });
  if (!Object.hasOwn(OLLAMA_METHODS, name)) return { action: "unknown", form };
  const question = name as keyof typeof OLLAMA_METHODS;
  return choose([OLLAMA_METHODS[question]], { action: "ollama", form, question });
}

/** Finds the route of a path such as `responses/ID/cancel`. Each form has its own words for what to do with an answer. */
function findReturningRoute(
  method: string,
  form: ReturningForm,
  [id, verb, ...more]: readonly string[],
  choose: Choose,
): Route {
  if (id === undefined && form === "ui" && method !== "POST")
    return choose(["GET", "POST"], { action: "models", form });
  if (id === undefined)
    return choose(form === "events" ? ["GET", "POST"] : ["POST"], { action: "ask", form, model: "" });
  const stop: Route = { action: "stop", form, id };
  const read: Route = { action: "read", form, id };
  const stopVerb = form === "responses" ? "cancel" : "stop";
  if (more.length === 0 && verb === stopVerb) return choose(["POST"], stop);
  const readVerb = form === "ui" ? "stream" : undefined;
  if (more.length > 0 || verb !== readVerb) return { action: "unknown", form };
  return form === "events" && method === "DELETE" ? stop : choose(["GET"], read);
}

function chooseByMethod(method: string, allowed: readonly Method[], route: Route): Route {
  const methods = allowed.flatMap((one) => (one === "GET" ? ["GET", "HEAD"] : [one]));
  if (methods.includes(method)) return route;
  return { action: "wrongMethod", form: route.form, allowed: methods.join(", ") };
}

function splitPath(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "");
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
