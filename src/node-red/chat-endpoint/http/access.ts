import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Who asks. */
export interface Client {
  /** Name beside the key, or the beginning of the key's hash; `""` for somebody without a key. */
  name: string;
  /** Tells clients apart: what one has asked, no other may read. Not for messages. */
  owner: string;
}

/** Enough to tell keys apart, and too little to guess one. */
const FINGERPRINT_CHARS = 8;

interface Key {
  name: string;
  digest: Buffer;
}

/** Why a client may not ask, or who it is. */
export type AccessDecision = { client: Client } | { refusal: string };

/** Decides who may ask. */
export class AccessList {
  private readonly keys: readonly Key[];

  /**
   * @param text a key a line, after the name of its owner if there is one
   * @param isOpen whether anybody may ask
   */
  constructor(
    text: string,
    private readonly isOpen: boolean,
  ) {
    this.keys = text.split("\n").flatMap(readKey);
  }

  /** Whether nobody may ask. */
  get isClosed(): boolean {
    return !this.isOpen && this.keys.length === 0;
  }

  decide(request: IncomingMessage): AccessDecision {
    const secret = readSecret(request);
    const key = secret === undefined ? undefined : this.findKey(secret);
    if (key) return { client: { name: key.name, owner: key.digest.toString("base64") } };
    if (this.isOpen) return { client: { name: "", owner: "" } };
    if (this.isClosed)
      return {
        refusal: "This endpoint is closed. Its author has to add a key in the chat-endpoint, or tick Open.",
      };
    return {
      refusal:
        secret === undefined
          ? "The request has no key. Send one of this endpoint's keys as “Authorization: Bearer KEY”."
          : "The key is not valid for this endpoint. Check it.",
    };
  }

  /** Compares with every key, always in the same time. */
  private findKey(secret: string): Key | undefined {
    const digest = computeDigest(secret);
    let found: Key | undefined;
    for (const key of this.keys) if (timingSafeEqual(key.digest, digest)) found = key;
    return found;
  }
}

/** Reads a line: a key, after the name of its owner if there is one. */
function readKey(line: string): Key[] {
  const words = line.split(/\s+/).filter((word) => word !== "");
  const key = words.pop();
  // The name of a variable that is not set is no secret.
  if (key === undefined || /^\$[{(]/.test(key)) return [];
  const digest = computeDigest(key);
  return [{ name: words.join(" ") || digest.toString("hex").slice(0, FINGERPRINT_CHARS), digest }];
}

/** Reads the key of a request, from any of the headers that clients use. */
function readSecret({ headers }: IncomingMessage): string | undefined {
  const [, bearer] = /^Bearer +(\S+)\s*$/i.exec(headers.authorization ?? "") ?? [];
  const others = [headers["x-api-key"], headers["api-key"]].find((value) => typeof value === "string");
  return bearer ?? (others as string | undefined);
}

function computeDigest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
