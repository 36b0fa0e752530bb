import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** A certificate and its private key, as `tls.createServer` takes them. */
export interface Certificate {
  cert: string;
  key: string;
  /** Name and key for signing other certificates, if this one is an authority. */
  readonly signer: { name: string; key: KeyObject };
}

/** The contents of a certificate. */
export interface CertificateOptions {
  name: string;
  /** Host names and IPv4 addresses that it is valid for. Default: none. */
  hosts?: readonly string[];
  /** The certificate that signs it. Default: itself. */
  issuer?: Certificate;
  /** Whether it may sign other certificates; default false. */
  authority?: boolean;
  /** Default: from yesterday until tomorrow. */
  validity?: readonly [from: Date, to: Date];
}

const DAY = 86_400_000;

/**
 * Creates a certificate (X.509 v3, P-256) for one run of the tests, so that the repository holds nothing that expires and
 * no private key. Node.js cannot create certificates, so this file encodes them in DER.
 */
export function createCertificate(options: CertificateOptions): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = options.issuer?.signer ?? { name: options.name, key: privateKey };
  const [from, to] = options.validity ?? [new Date(Date.now() - DAY), new Date(Date.now() + DAY)];
  const body = encodeSequence(
    encodeTagged(0, encodeInteger(2)),
    encodeInteger(Math.floor(Math.random() * 2 ** 31) + 1),
    ECDSA_WITH_SHA256,
    encodeName(issuer.name),
    encodeSequence(encodeTime(from), encodeTime(to)),
    encodeName(options.name),
    publicKey.export({ type: "spki", format: "der" }),
    encodeTagged(3, encodeSequence(...buildExtensions(options))),
  );
  const signature = sign("sha256", body, issuer.key);
  const der = encodeSequence(body, ECDSA_WITH_SHA256, encodeBits(signature));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der
      .toString("base64")
      .match(/.{1,64}/g)
      ?.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    signer: { name: options.name, key: privateKey },
  };
}

function buildExtensions({ authority = false, hosts = [] }: CertificateOptions): Buffer[] {
  const list = [
    encodeSequence(
      encodeIdentifier("551d13"),
      encodeValue(0x01, Buffer.from([0xff])),
      encodeOctets(encodeSequence(...(authority ? [TRUE] : []))),
    ),
  ];
  if (hosts.length > 0) {
    const names = hosts.map((host) =>
      isIPv4(host)
        ? encodeValue(0x87, Buffer.from(host.split(".").map(Number)))
        : encodeValue(0x82, Buffer.from(host)),
    );
    list.push(encodeSequence(encodeIdentifier("551d11"), encodeOctets(encodeSequence(...names))));
  }
  return list;
}

/** Encodes a value with its tag and length (ITU-T X.690). */
function encodeValue(tag: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}

const TRUE = encodeValue(0x01, Buffer.from([0xff]));
const ECDSA_WITH_SHA256 = encodeSequence(encodeIdentifier("2a8648ce3d040302"));

function encodeSequence(...parts: Buffer[]): Buffer {
  return encodeValue(0x30, ...parts);
}

function encodeTagged(number: number, value: Buffer): Buffer {
  return encodeValue(0xa0 + number, value);
}

/** @param hex the bytes of the object identifier */
function encodeIdentifier(hex: string): Buffer {
  return encodeValue(0x06, Buffer.from(hex, "hex"));
}

function encodeOctets(value: Buffer): Buffer {
  return encodeValue(0x04, value);
}

function encodeBits(value: Buffer): Buffer {
  return encodeValue(0x03, Buffer.from([0]), value);
}

function encodeInteger(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return encodeValue(0x02, bytes[0]! > 0x7f ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** Encodes a distinguished name with one common name. */
function encodeName(name: string): Buffer {
  return encodeSequence(
    encodeValue(0x31, encodeSequence(encodeIdentifier("550403"), encodeValue(0x0c, Buffer.from(name)))),
  );
}

function encodeTime(date: Date): Buffer {
  return encodeValue(0x18, Buffer.from(`${date.toISOString().replace(/\D/g, "").slice(0, 14)}Z`));
}
