import { BlockList, isIP, isIPv6 } from "node:net";
import { networkInterfaces, hostname as readHostName } from "node:os";

/** Names of this machine, and of the machine that a container runs on. No proxy can resolve them. */
const LOCAL_NAMES: ReadonlySet<string> = new Set([
  "localhost",
  "localhost.localdomain",
  "ip6-localhost",
  "ip6-loopback",
  "host.docker.internal",
  "gateway.docker.internal",
  "host.containers.internal",
]);

/** Addresses that always mean this machine. A connection to the unspecified address goes there, too. */
const LOCAL_ADDRESSES = new BlockList();
LOCAL_ADDRESSES.addSubnet("127.0.0.0", 8, "ipv4");
LOCAL_ADDRESSES.addAddress("0.0.0.0", "ipv4");
LOCAL_ADDRESSES.addAddress("::1", "ipv6");
LOCAL_ADDRESSES.addAddress("::", "ipv6");

const DEFAULT_PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/** Whether a URL's host is this machine: a loopback name or address, its own name, or the address of an interface. */
export function isThisMachine(url: URL): boolean {
  const host = readHost(url);
  if (isIP(host)) return isWithin(LOCAL_ADDRESSES, host) || isOwnAddress(host);
  const own = readHostName().toLowerCase();
  return LOCAL_NAMES.has(host) || host.endsWith(".localhost") || host === own || host === `${own}.local`;
}

/** Whether a URL's host is a name without a dot, such as that of a container. It never stands for a public machine. */
export function isPlainName(url: URL): boolean {
  const host = readHost(url);
  return !isIP(host) && !host.includes(".");
}

/** An entry of `NO_PROXY`: an address, a network or a name, with a port if it has one. */
interface Entry {
  port: string | undefined;
  matches(host: string): boolean;
}

/**
 * The hosts of `NO_PROXY`, in the forms that curl and Go understand: separated by commas or spaces, in any case; `*` for all;
 * a name, which means its subdomains too, with or without `.` or `*.` before it; an IPv4 or IPv6 address, with or without
 * brackets; a network such as `10.0.0.0/8`; each with a port or without. Entries in any other form are ignored.
 */
export class NoProxy {
  private readonly entries: readonly Entry[];

  constructor(list: string) {
    this.entries = list.split(/[,\s]+/).flatMap((text) => parseEntry(text) ?? []);
  }

  has(url: URL): boolean {
    const host = readHost(url);
    const port = url.port || DEFAULT_PORTS[url.protocol];
    return this.entries.some((entry) => (entry.port ?? port) === port && entry.matches(host));
  }
}

function parseEntry(text: string): Entry | undefined {
  // Some write a whole URL.
  const entry = text.replace(/^[a-z]+:\/\//i, "");
  if (entry === "*") return { port: undefined, matches: () => true };
  const network = /^\[?([^/\]]+)\]?\/(\d{1,3})$/.exec(entry);
  if (network) return parseNetwork(network[1]!, Number(network[2]));
  if (isIPv6(entry)) return parseNetwork(entry, 128);
  const [, host = "", port] = /^(\[[^\]]*\]|[^:/]+)(?::(\d+))?\/?$/.exec(entry) ?? [];
  const name = normalizeHost(host.replace(/^\*?\./, ""));
  if (name === undefined) return undefined;
  if (isIP(name)) return parseNetwork(name, isIPv6(name) ? 128 : 32, port);
  return { port, matches: (other) => other === name || other.endsWith(`.${name}`) };
}

function parseNetwork(address: string, prefix: number, port?: string): Entry | undefined {
  const network = new BlockList();
  try {
    network.addSubnet(address, prefix, isIPv6(address) ? "ipv6" : "ipv4");
  } catch {
    return undefined;
  }
  return { port, matches: (host) => isIP(host) !== 0 && isWithin(network, host) };
}

/** @returns the host as URLs have it, without brackets and final dot; undefined if it cannot be one */
function normalizeHost(host: string): string | undefined {
  const url = `http://${host}`;
  return host !== "" && URL.canParse(url) ? readHost(new URL(url)) : undefined;
}

function readHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
}

function isWithin(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

function isOwnAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((entries) =>
    entries?.some(
      (entry) => normalizeHost(isIPv6(entry.address) ? `[${entry.address}]` : entry.address) === address,
    ),
  );
}
