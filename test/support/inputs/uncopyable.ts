import type { Message } from "../../../src/node-red/red/api.js";

/** Values that break who copies, compares, prints or changes them, by what is odd about them. */
export const ODD_VALUES: Readonly<Record<string, () => unknown>> = {
  "nests 50,000 levels deep": () => JSON.parse("[".repeat(50_000) + "]".repeat(50_000)),
  "has no prototype": () => Object.assign(Object.create(null), { a: "1" }),
  "has a getter that throws": () =>
    Object.defineProperty({}, "entry", {
      enumerable: true,
      get: () => {
        throw new Error("no entry");
      },
    }),
  "contains itself": () => {
    const circle: Record<string, unknown> = {};
    circle["circle"] = circle;
    return circle;
  },
  "is frozen": () => Object.freeze({ list: Object.freeze([1]) }),
  "is a BigInt": () => 1n,
  "is a function": () => () => "called",
  "cannot be looked at": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "has a toString that throws": () => ({
    toString: () => {
      throw new Error("no text");
    },
    toJSON: () => {
      throw new Error("no JSON");
    },
  }),
};

/** Makes a message unreadable at one property. */
export function addThrowingGetter(message: Message, name: string): Message {
  return Object.defineProperty(message, name, {
    enumerable: true,
    configurable: true,
    get: () => {
      throw new Error("no entry");
    },
  });
}
