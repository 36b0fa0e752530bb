/** Media types as people write them, with those that services know. */
const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/jfif": "image/jpeg",
    "image/x-png": "image/png",
    "image/apng": "image/png",
    "image/x-webp": "image/webp",
    "image/tif": "image/tiff",
    "image/x-tiff": "image/tiff",
    "image/x-bmp": "image/bmp",
    "image/x-ms-bmp": "image/bmp",
    "image/svg": "image/svg+xml",
    "audio/mp3": "audio/mpeg",
    "audio/x-mp3": "audio/mpeg",
    "audio/x-mpeg": "audio/mpeg",
    "audio/mpeg3": "audio/mpeg",
    "audio/mpg": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-pn-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/m4a": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "audio/x-flac": "audio/flac",
    "audio/x-aac": "audio/aac",
    "audio/x-aiff": "audio/aiff",
    "audio/aif": "audio/aiff",
    "audio/opus": "audio/ogg",
    "audio/x-ogg": "audio/ogg",
    "audio/oga": "audio/ogg",
    "video/mov": "video/quicktime",
    "video/mpg": "video/mpeg",
    "video/x-mp4": "video/mp4",
    "video/x-m4v": "video/mp4",
    "video/m4v": "video/mp4",
    "video/avi": "video/x-msvideo",
    "application/x-pdf": "application/pdf",
    "application/acrobat": "application/pdf",
    "text/pdf": "application/pdf",
    "text/x-pdf": "application/pdf",
    "text/md": "text/markdown",
    "text/x-markdown": "text/markdown",
    "text/txt": "text/plain",
    "text/x-csv": "text/csv",
    "application/csv": "text/csv",
    "text/json": "application/json",
    "application/x-json": "application/json",
  }),
);

/** Media types by file extension. */
const EXTENSIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    pdf: "application/pdf",
    txt: "text/plain",
    md: "text/markdown",
    csv: "text/csv",
    html: "text/html",
    htm: "text/html",
    xml: "text/xml",
    json: "application/json",
    png: "image/png",
    jpg: "image/jpeg",
    jpeg: "image/jpeg",
    jpe: "image/jpeg",
    jfif: "image/jpeg",
    gif: "image/gif",
    webp: "image/webp",
    bmp: "image/bmp",
    tif: "image/tiff",
    tiff: "image/tiff",
    heic: "image/heic",
    heif: "image/heif",
    avif: "image/avif",
    mp3: "audio/mpeg",
    m4a: "audio/mp4",
    aac: "audio/aac",
    aiff: "audio/aiff",
    wav: "audio/wav",
    ogg: "audio/ogg",
    opus: "audio/ogg",
    flac: "audio/flac",
    mp4: "video/mp4",
    m4v: "video/mp4",
    mpeg: "video/mpeg",
    mpg: "video/mpeg",
    mov: "video/quicktime",
    webm: "video/webm",
  }),
);

/** First characters of the base64 of well-known files. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  ["/9j/", "image/jpeg"],
  ["iVBORw0KGgo", "image/png"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
  ["JVBERi0", "application/pdf"],
];

/** Guesses a media type from the extension of a file name or web address; undefined if it is unknown. */
export function guessMediaType(name: string): string | undefined {
  const extension = /\.(\w+)(?:[?#]|$)/.exec(name)?.[1];
  return EXTENSIONS.get(extension?.toLowerCase() ?? "");
}

/** Reads a media type that has an extension as its name: `image/jpe`, `image/x-jpeg`. */
function readSubtype(type: string): string | undefined {
  const [kind, name = ""] = type.split("/");
  const known = EXTENSIONS.get(name.replace(/^x-/, ""));
  return known?.startsWith(`${kind}/`) ? known : undefined;
}

/**
 * Brings a media type into the form that services know: `image/jpg` becomes `image/jpeg`. One that says nothing, such as
 * `image/*`, is guessed from the bytes.
 * @param written as the author wrote it; `jpg` and `.jpg` are understood, too
 */
export function normaliseMediaType(written: string, base64: string): string {
  const type = written.trim().toLowerCase();
  const full = type.includes("/") ? type : (EXTENSIONS.get(type.replace(/^\./, "")) ?? type);
  const known = NAMES.get(full) ?? readSubtype(full) ?? full;
  if (
    known !== "" &&
    !/^(?:image|application|audio|\*)\/(?:\*|octet-stream|unknown|binary)$|^image$/.test(known)
  )
    return known;
  return BEGINNINGS.find(([beginning]) => base64.startsWith(beginning))?.[1] ?? known;
}
