/** What the first bytes of a picture say. */
export interface Picture {
  readonly kind: "PNG" | "GIF" | "JPEG";
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

const DATA_URL = /^data:image\/[a-z+.-]{1,20};base64,/;
/** A JPEG has its size behind what the camera wrote. */
const MAX_READ_BYTES = 256 * 1024;

/** Reads the kind and the size of a picture in a `data:` URL. @returns undefined if it is something else */
export function readPicture(url: string): Picture | undefined {
  const [start] = DATA_URL.exec(url.slice(0, 64)) ?? [];
  if (start === undefined) return undefined;
  const bytes = Buffer.from(url.slice(start.length, start.length + (MAX_READ_BYTES / 3) * 4), "base64");
  if (bytes.toString("latin1", 1, 4) === "PNG" && bytes.length >= 24)
    return { kind: "PNG", width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  if (bytes.toString("latin1", 0, 3) === "GIF" && bytes.length >= 10)
    return { kind: "GIF", width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  return readJpeg(bytes);
}

/** Walks over the segments of a JPEG to the one with its size. */
function readJpeg(bytes: Buffer): Picture | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xff_d8) return undefined;
  for (let at = 2; at + 9 <= bytes.length; ) {
    const marker = bytes.readUInt16BE(at);
    const isFrame = marker >= 0xff_c0 && marker <= 0xff_cf && ![0xff_c4, 0xff_c8, 0xff_cc].includes(marker);
    if (isFrame)
      return { kind: "JPEG", width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    if (marker < 0xff_c0) return undefined;
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}
