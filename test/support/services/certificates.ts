import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** A certificate and its private key, as `tls.createServer` takes them. */
export interface Certificate {
  cert: string;
  key: string;
  /** Signs others, where it is an authority. */
  readonly signer: { name: string; key: KeyObject };
}

/** What a certificate says. */
export interface CertificateOptions {
  name: string;
  /** Host names and IPv4 addresses that it is good for. */
  hosts?: readonly string[];
  /** Who signs it. Default: itself. */
  issuer?: Certificate;
  authority?: boolean;
  /** Default: from yesterday until tomorrow. */
  validity?: readonly [from: Date, to: Date];
}

const DAY = 86_400_000;

/**
 * Makes a certificate (X.509 v3, P-256) for one run of the tests: nothing expires in a repository, and no private
 * key lies in it. Node.js can read certificates but not write them, hence the few lines of DER.
 */
export function certificate(options: CertificateOptions): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = options.issuer?.signer ?? { name: options.name, key: privateKey };
  const [from, to] = options.validity ?? [new Date(Date.now() - DAY), new Date(Date.now() + DAY)];
  const body = sequence(
    tagged(0, integer(2)),
    integer(Math.floor(Math.random() * 2 ** 31) + 1),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer.name),
    sequence(time(from), time(to)),
    distinguishedName(options.name),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(3, sequence(...extensions(options))),
  );
  const signature = sign("sha256", body, issuer.key);
  const der = sequence(body, ECDSA_WITH_SHA256, bits(signature));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der
      .toString("base64")
      .match(/.{1,64}/g)
      ?.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    signer: { name: options.name, key: privateKey },
  };
}

function extensions({ authority = false, hosts = [] }: CertificateOptions): Buffer[] {
  const list = [
    sequence(oid("551d13"), wrap(0x01, Buffer.from([0xff])), octets(sequence(...(authority ? [TRUE] : [])))),
  ];
  if (hosts.length > 0) {
    const names = hosts.map((host) =>
      isIPv4(host) ? wrap(0x87, Buffer.from(host.split(".").map(Number))) : wrap(0x82, Buffer.from(host)),
    );
    list.push(sequence(oid("551d11"), octets(sequence(...names))));
  }
  return list;
}

/** A value with its tag and length (ITU-T X.690). */
function wrap(tag: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}

const TRUE = wrap(0x01, Buffer.from([0xff]));
const ECDSA_WITH_SHA256 = sequence(oid("2a8648ce3d040302"));

function sequence(...parts: Buffer[]): Buffer {
  return wrap(0x30, ...parts);
}

function tagged(number: number, value: Buffer): Buffer {
  return wrap(0xa0 + number, value);
}

/** @param hex the identifier's bytes */
function oid(hex: string): Buffer {
  return wrap(0x06, Buffer.from(hex, "hex"));
}

function octets(value: Buffer): Buffer {
  return wrap(0x04, value);
}

function bits(value: Buffer): Buffer {
  return wrap(0x03, Buffer.from([0]), value);
}

function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return wrap(0x02, bytes[0]! > 0x7f ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** One common name. */
function distinguishedName(name: string): Buffer {
  return sequence(wrap(0x31, sequence(oid("550403"), wrap(0x0c, Buffer.from(name)))));
}

function time(date: Date): Buffer {
  return wrap(0x18, Buffer.from(`${date.toISOString().replace(/\D/g, "").slice(0, 14)}Z`));
}
