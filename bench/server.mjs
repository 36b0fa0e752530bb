/**
 * The service of the bench, in a process of its own: Chat Completions as server-sent events over a raw socket.
 *
 * The server must never be the bottleneck, so it uses no HTTP library. It encodes each kind of body once, chunked
 * framing included, and writes it as a few large buffers. It makes a paced record once per tick, not per stream.
 * The model's name says how to answer:
 *
 * - `burst:<n>:<frame|16k>`        n text records at once, in an HTTP chunk per record or per 16 KiB
 * - `burst:<n>:<padded|varied>`    the same in an HTTP chunk per record, with other records (see corpus.mjs)
 * - `form:<name>:<n>:<frame|16k>`   n records of a form of forms.mjs
 * - `first:<n>`                     the head and one text record; the other n - 1 two milliseconds later
 * - `paced`                         50 records a second, each with the time of its writing, until the client leaves
 *                                   or asks for `end`
 * - `end`                           ends all paced streams; its own answer is empty
 * - `idle:<n>`                      n text records, then silence
 * - `rate:<n>:<m>`                  n text records, m a second
 * - `arguments:<n>`                 a tool call with n characters of arguments, a few in each record
 */
import net from "node:net";
import { readClockMs } from "./clock.mjs";
import {
  CYCLE_LENGTH,
  createEndRecords,
  createPacedContent,
  createPaddedRecord,
  createTextRecord,
  createVariedRecord,
  encodedDeltas,
  ROLE_RECORD,
  STAMP_RANGE_US,
} from "./corpus.mjs";
import { FORMS } from "./forms.mjs";
import { createCallRecords } from "./tool-call.mjs";

const MAX_FRAME_BYTES = 16 * 1024;
const RECORDS_PER_SECOND = 50;
/** The interval between two records is divided into phases. Streams are spread over them, as independent ones would be. */
const PHASES = 20;
const PHASE_MS = 1000 / RECORDS_PER_SECOND / PHASES;
/** A phase written later than this is counted as late. */
const MAX_PHASES_BEHIND = 5;

const RESPONSE_HEAD = createResponseHead("text/event-stream; charset=utf-8");
const LAST_FRAME = Buffer.from("0\r\n\r\n");

function createResponseHead(contentType) {
  return Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\ncache-control: no-cache\r\n` +
      "transfer-encoding: chunked\r\n\r\n",
  );
}

/** Encodes bytes as one chunk of HTTP's chunked transfer encoding. */
function encodeFrame(bytes) {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

/** Encodes records as frames of 16 KiB if `framing` is "16k", else as one frame per record. */
function encodeFrames(records, framing) {
  if (framing !== "16k") return Buffer.concat(records.map((record) => encodeFrame(Buffer.from(record))));
  const bytes = Buffer.from(records.join(""));
  const parts = [];
  for (let at = 0; at < bytes.length; at += MAX_FRAME_BYTES)
    parts.push(encodeFrame(bytes.subarray(at, at + MAX_FRAME_BYTES)));
  return Buffer.concat(parts);
}

/** How a text record is created; `createTextRecord` for the framings that are not listed. */
const RECORD_CREATORS = { padded: createPaddedRecord, varied: createVariedRecord };
const encodedBodies = new Map();

/** @returns the buffers of a body; `encode` makes them when the key is asked for the first time */
function getBody(key, encode) {
  let buffers = encodedBodies.get(key);
  if (buffers === undefined) {
    buffers = encode();
    encodedBodies.set(key, buffers);
  }
  return buffers;
}

/** @returns the buffers of an answer of `count` text records; the buffer of the cycle may occur several times */
function getTextBody(count, framing, withUsage) {
  return getBody(`${count} ${framing} ${withUsage}`, () => {
    const records = encodedDeltas.map(RECORD_CREATORS[framing] ?? createTextRecord);
    const cycle = encodeFrames(records, framing);
    const rest = count % CYCLE_LENGTH;
    const buffers = [Buffer.concat([RESPONSE_HEAD, encodeFrames([ROLE_RECORD], framing)])];
    for (let left = count; left >= CYCLE_LENGTH; left -= CYCLE_LENGTH) buffers.push(cycle);
    if (rest > 0) buffers.push(encodeFrames(records.slice(0, rest), framing));
    buffers.push(Buffer.concat([encodeFrames(createEndRecords(count, withUsage), framing), LAST_FRAME]));
    return buffers;
  });
}

/** @returns the buffers of an answer of `count` records of a form; the buffer of the cycle may occur several times */
function getFormBody(name, count, framing) {
  return getBody(`form ${name} ${count} ${framing}`, () => {
    const { start, createRecord, end, contentType = "text/event-stream" } = FORMS[name];
    const records = encodedDeltas.map((encoded, position) => createRecord(encoded, position));
    const cycle = encodeFrames(records, framing);
    const buffers = [createResponseHead(contentType)];
    if (start.length > 0) buffers.push(encodeFrames(start, framing));
    for (let left = count; left >= CYCLE_LENGTH; left -= CYCLE_LENGTH) buffers.push(cycle);
    if (count % CYCLE_LENGTH > 0) buffers.push(encodeFrames(records.slice(0, count % CYCLE_LENGTH), framing));
    buffers.push(encodeFrames(end, framing), LAST_FRAME);
    return buffers;
  });
}

/** @returns the buffers of an answer that is a tool call */
function getCallBody(length, withUsage) {
  return getBody(`arguments ${length} ${withUsage}`, () => {
    const records = createCallRecords(length);
    const end = createEndRecords(records.length, withUsage, "tool_calls");
    return [RESPONSE_HEAD, encodeFrames(records, "frame"), encodeFrames(end, "frame"), LAST_FRAME];
  });
}

function writeBuffers(socket, buffers) {
  socket.cork();
  for (const buffer of buffers) socket.write(buffer);
  socket.uncork();
}

const wheel = Array.from({ length: PHASES }, () => ({ streams: new Set(), position: 0 }));
let phasesDone = 0;
let ticker;
/** Phases written so far, and the late ones among them. Many late ones mean that the machine was too busy. */
const pace = { phases: 0, latePhases: 0 };

/** Writes one record to every stream that is due. A late timer catches up; a record's stamp is when it was written. */
function writeDueRecords(startMs) {
  const due = Math.floor((readClockMs() - startMs) / PHASE_MS);
  while (phasesDone < due) {
    const phase = wheel[phasesDone % PHASES];
    pace.phases += 1;
    if (due - phasesDone > MAX_PHASES_BEHIND) pace.latePhases += 1;
    phasesDone += 1;
    if (phase.streams.size > 0) {
      const stamp = Math.round(readClockMs() * 1000) % STAMP_RANGE_US;
      const record = createTextRecord(createPacedContent(stamp, phase.position));
      const frame = encodeFrame(Buffer.from(record));
      for (const socket of phase.streams) socket.write(frame);
    }
    phase.position = (phase.position + 1) % CYCLE_LENGTH;
  }
}

/** Adds a stream to the phase that has the fewest. */
function addPacedStream(socket) {
  const phase = wheel.reduce((least, each) => (each.streams.size < least.streams.size ? each : least));
  phase.streams.add(socket);
  socket.once("close", () => {
    phase.streams.delete(socket);
    // A client that was killed asked for no end. The ticker must not run on through the scenarios that follow.
    if (wheel.every(({ streams }) => streams.size === 0)) stopTicker();
  });
  if (ticker === undefined) {
    phasesDone = 0;
    ticker = setInterval(writeDueRecords, 1, readClockMs());
  }
}

function endPacedStreams() {
  const end = Buffer.concat([encodeFrames(createEndRecords(0, false), "frame"), LAST_FRAME]);
  for (const { streams } of wheel) {
    for (const socket of streams) socket.write(end);
    streams.clear();
  }
  stopTicker();
}

function stopTicker() {
  clearInterval(ticker);
  ticker = undefined;
}

/** Writes text records at an even pace. A late timer catches up. */
function writeAtRate(socket, count, perSecond, withUsage) {
  const startMs = readClockMs();
  let written = 0;
  const timer = setInterval(() => {
    const due = Math.min(count, Math.floor(((readClockMs() - startMs) / 1000) * perSecond));
    for (; written < due; written += 1)
      socket.write(encodeFrames([createTextRecord(encodedDeltas[written % CYCLE_LENGTH])], "frame"));
    if (written < count) return;
    stop();
    writeBuffers(socket, [encodeFrames(createEndRecords(count, withUsage), "frame"), LAST_FRAME]);
  }, 1);
  const stop = () => {
    clearInterval(timer);
    socket.off("close", stop);
  };
  socket.once("close", stop);
}

function sendAnswer(socket, request) {
  const [kind, count, framing] = request.model.split(":");
  const withUsage = request.stream_options?.include_usage === true;
  if (kind === "burst") {
    writeBuffers(socket, getTextBody(Number(count), framing, withUsage));
  } else if (kind === "form") {
    const [, name, length, frames] = request.model.split(":");
    writeBuffers(socket, getFormBody(name, Number(length), frames));
  } else if (kind === "first") {
    const first = [RESPONSE_HEAD, encodeFrames([ROLE_RECORD, createTextRecord(encodedDeltas[0])], "frame")];
    const others = encodedDeltas.slice(1, Number(count)).map(createTextRecord);
    const rest = encodeFrames([...others, ...createEndRecords(count, withUsage)], "frame");
    writeBuffers(socket, first);
    setTimeout(writeBuffers, 2, socket, [rest, LAST_FRAME]);
  } else if (kind === "arguments") {
    writeBuffers(socket, getCallBody(Number(count), withUsage));
  } else if (kind === "rate") {
    writeBuffers(socket, [RESPONSE_HEAD, encodeFrames([ROLE_RECORD], "frame")]);
    writeAtRate(socket, Number(count), Number(framing), withUsage);
  } else if (kind === "idle") {
    const records = encodedDeltas.slice(0, Number(count)).map(createTextRecord);
    writeBuffers(socket, [RESPONSE_HEAD, encodeFrames([ROLE_RECORD, ...records], "frame")]);
  } else if (kind === "paced") {
    writeBuffers(socket, [RESPONSE_HEAD, encodeFrames([ROLE_RECORD], "frame")]);
    addPacedStream(socket);
  } else if (kind === "end") {
    endPacedStreams();
    writeBuffers(socket, getTextBody(0, "frame", false));
  } else {
    throw new Error(`the bench server knows no model “${request.model}”`);
  }
}

function serveConnection(socket) {
  let pending = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
    for (;;) {
      const headEnd = pending.indexOf("\r\n\r\n");
      if (headEnd < 0) return;
      const length = /\r\ncontent-length: *(\d+)/i.exec(pending.latin1Slice(0, headEnd + 2));
      if (length === null) throw new Error("the bench server needs a content-length header");
      const end = headEnd + 4 + Number(length[1]);
      if (pending.length < end) return;
      const request = JSON.parse(pending.toString("utf8", headEnd + 4, end));
      pending = pending.subarray(end);
      sendAnswer(socket, request);
    }
  });
}

const server = net.createServer(serveConnection);
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () =>
  process.send({ port: server.address().port }),
);
process.on("message", () => process.send({ cpu: process.cpuUsage(), ...pace }));
process.on("disconnect", () => process.exit(0));
