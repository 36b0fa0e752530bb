// Joins screenshots into one moving picture: an animated PNG, which browsers, GitHub and npm show as it is.
import { crc32, deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const TRUECOLOUR = 2;
const CHANNELS = 3;

/**
 * @param frames screenshots of one size: `{ png, delayMs }`, the delay until the next one
 * @param clip `{ x, y, width, height }`: the part of the screenshots that is shown
 * @returns a PNG that repeats the frames for ever. Each frame after the first holds only what has changed. What does not move
 *   pictures shows the last frame.
 */
export function encodeApng(frames, clip) {
  const shown = [];
  let before;
  for (const { png, delayMs } of frames) {
    const picture = crop(decodePng(png), clip);
    const area = before ? findChange(before, picture) : { x: 0, y: 0, w: picture.width, h: picture.height };
    if (area) shown.push({ area, picture, delayMs });
    else shown.at(-1).delayMs += delayMs;
    before = picture;
  }
  const { width, height } = before;
  const header = Buffer.concat([uint32(width, height), Buffer.from([8, TRUECOLOUR, 0, 0, 0])]);
  const still = chunk("IDAT", compress(before, { x: 0, y: 0, w: width, h: height }));
  const chunks = [chunk("IHDR", header), chunk("acTL", uint32(shown.length, 0)), still];
  let sequence = 0;
  for (const { area, picture, delayMs } of shown) {
    const delay = Buffer.alloc(6);
    delay.writeUInt16BE(delayMs, 0);
    delay.writeUInt16BE(1000, 2);
    chunks.push(chunk("fcTL", Buffer.concat([uint32(sequence++, area.w, area.h, area.x, area.y), delay])));
    chunks.push(chunk("fdAT", Buffer.concat([uint32(sequence++), compress(picture, area)])));
  }
  return Buffer.concat([SIGNATURE, ...chunks, chunk("IEND", Buffer.alloc(0))]);
}

/** Reads a screenshot. @returns `{ width, height, pixels }`, three bytes a pixel */
function decodePng(png) {
  let header;
  const data = [];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString("latin1", at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (type === "IHDR") header = body;
    if (type === "IDAT") data.push(body);
    at += length + 12;
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = header[9] === TRUECOLOUR ? CHANNELS : CHANNELS + 1;
  const raw = unfilter(inflateSync(Buffer.concat(data)), width * channels, height, channels);
  const pixels = Buffer.alloc(width * height * CHANNELS);
  for (let from = 0, to = 0; from < raw.length; from += channels, to += CHANNELS)
    raw.copy(pixels, to, from, from + CHANNELS);
  return { width, height, pixels };
}

function crop({ width, pixels }, clip) {
  const rows = [...Array(clip.height).keys()].map((row) => {
    const from = ((clip.y + row) * width + clip.x) * CHANNELS;
    return pixels.subarray(from, from + clip.width * CHANNELS);
  });
  return { width: clip.width, height: clip.height, pixels: Buffer.concat(rows) };
}

/** Undoes the filter of each row, see the PNG specification, section 9. */
function unfilter(filtered, stride, height, step) {
  const raw = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = filtered[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const left = x >= step ? raw[y * stride + x - step] : 0;
      const up = y > 0 ? raw[(y - 1) * stride + x] : 0;
      const corner = x >= step && y > 0 ? raw[(y - 1) * stride + x - step] : 0;
      const guesses = [0, left, up, (left + up) >> 1, paeth(left, up, corner)];
      raw[y * stride + x] = filtered[y * (stride + 1) + 1 + x] + guesses[filter];
    }
  }
  return raw;
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [left, up, corner].map((value) => Math.abs(guess - value));
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** @returns the smallest rectangle that holds all changes; undefined if there are none */
function findChange(before, after) {
  const stride = after.width * CHANNELS;
  const isSame = (at, length) => before.pixels.compare(after.pixels, at, at + length, at, at + length) === 0;
  const rows = [...Array(after.height).keys()].filter((y) => !isSame(y * stride, stride));
  if (rows.length === 0) return undefined;
  const hasChange = (x) => rows.some((y) => !isSame(y * stride + x * CHANNELS, CHANNELS));
  let [first, last] = [0, after.width - 1];
  while (!hasChange(first)) first++;
  while (!hasChange(last)) last--;
  return { x: first, y: rows[0], w: last - first + 1, h: rows.at(-1) - rows[0] + 1 };
}

/** Compresses a part of a picture. Each row is stored as its difference to the row above, which suits flat colours. */
function compress({ width, pixels }, { x, y, w, h }) {
  const UP = 2;
  const stride = w * CHANNELS;
  const rows = Buffer.alloc((stride + 1) * h);
  for (let row = 0; row < h; row++) {
    const to = row * (stride + 1);
    const from = ((y + row) * width + x) * CHANNELS;
    rows[to] = row === 0 ? 0 : UP;
    for (let at = 0; at < stride; at++)
      rows[to + 1 + at] = pixels[from + at] - (row === 0 ? 0 : pixels[from + at - width * CHANNELS]);
  }
  return deflateSync(rows, { level: 9 });
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  return Buffer.concat([uint32(data.length), body, uint32(crc32(body))]);
}

function uint32(...values) {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, at * 4);
  return bytes;
}
