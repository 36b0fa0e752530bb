/**
 * The bench's service, in a process of its own: Chat Completions as server-sent events over a raw socket.
 *
 * It must never be the limit, so there is no HTTP library in the way: bodies are encoded once per shape, chunked
 * framing included, and written as a few large buffers; paced records are made once per tick, not per stream.
 * The model's name says how to answer:
 *
 * - `burst:<n>:<frame|16k>`        n text records at once, an HTTP chunk for each record or for each 16 KiB
 * - `burst:<n>:<padded|varied>`    the same in a frame per record, with other records (see corpus.mjs)
 * - `first:<n>`                     the head and one text record, the other n - 1 two milliseconds later
 * - `paced`                         50 records a second, each with its time of writing, until the client leaves or
 * - `end`                           asks, with an empty answer, that all paced streams end
 * - `idle:<n>`                      n records, then silence
 * - `rate:<n>:<m>`                  n text records, m a second
 * - `arguments:<n>`                 a tool call with n characters of arguments, a few in each record
 */
import net from "node:net";
import { argumentRecords } from "./arguments.mjs";
import { now } from "./clock.mjs";
import {
  CYCLE,
  encodedDeltas,
  endRecords,
  pacedContent,
  paddedRecord,
  ROLE_RECORD,
  STAMP_RANGE,
  textRecord,
  variedRecord,
} from "./corpus.mjs";

const FRAME_BYTES = 16 * 1024;
const RECORDS_PER_SECOND = 50;
/** Streams are spread over this many phases of a record's interval, as independent streams would be. */
const PHASES = 20;
const PHASE_MS = 1000 / RECORDS_PER_SECOND / PHASES;

const RESPONSE_HEAD = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n" +
    "transfer-encoding: chunked\r\n\r\n",
);
const LAST_FRAME = Buffer.from("0\r\n\r\n");

function frame(bytes) {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

function frames(records, framing) {
  if (framing !== "16k") return Buffer.concat(records.map((record) => frame(Buffer.from(record))));
  const bytes = Buffer.from(records.join(""));
  const parts = [];
  for (let at = 0; at < bytes.length; at += FRAME_BYTES)
    parts.push(frame(bytes.subarray(at, at + FRAME_BYTES)));
  return Buffer.concat(parts);
}

const RECORDS = { padded: paddedRecord, varied: variedRecord };
const bodies = new Map();

/** The buffers of a whole answer; the cycle's buffer is one, written as often as needed. */
function body(count, framing, withUsage) {
  const key = `${count} ${framing} ${withUsage}`;
  let buffers = bodies.get(key);
  if (buffers === undefined) {
    const records = encodedDeltas.map(RECORDS[framing] ?? textRecord);
    const cycle = frames(records, framing);
    const rest = count % CYCLE;
    buffers = [Buffer.concat([RESPONSE_HEAD, frames([ROLE_RECORD], framing)])];
    for (let left = count; left >= CYCLE; left -= CYCLE) buffers.push(cycle);
    if (rest > 0) buffers.push(frames(records.slice(0, rest), framing));
    buffers.push(Buffer.concat([frames(endRecords(count, withUsage), framing), LAST_FRAME]));
    bodies.set(key, buffers);
  }
  return buffers;
}

/** The buffers of an answer that is a tool call. */
function callBody(length, withUsage) {
  const key = `arguments ${length} ${withUsage}`;
  let buffers = bodies.get(key);
  if (buffers === undefined) {
    const records = argumentRecords(length);
    const end = endRecords(records.length, withUsage, "tool_calls");
    buffers = [RESPONSE_HEAD, frames(records, "frame"), frames(end, "frame"), LAST_FRAME];
    bodies.set(key, buffers);
  }
  return buffers;
}

function write(socket, buffers) {
  socket.cork();
  for (const buffer of buffers) socket.write(buffer);
  socket.uncork();
}

const wheel = Array.from({ length: PHASES }, () => ({ streams: new Set(), position: 0 }));
let phasesDone = 0;
let ticker;
/** Phases written, and how many of them later than `LATE_PHASES`: if these are many, the machine had no time for us. */
const pace = { phases: 0, late: 0 };
const LATE_PHASES = 5;

/** Writes one record to every stream whose turn has come; a late timer catches up, the stamps stay true. */
function tick(start) {
  const due = Math.floor((now() - start) / PHASE_MS);
  while (phasesDone < due) {
    const phase = wheel[phasesDone % PHASES];
    pace.phases += 1;
    if (due - phasesDone > LATE_PHASES) pace.late += 1;
    phasesDone += 1;
    if (phase.streams.size > 0) {
      const stamp = Math.round(now() * 1000) % STAMP_RANGE;
      const record = frame(Buffer.from(textRecord(pacedContent(stamp, phase.position))));
      for (const socket of phase.streams) socket.write(record);
    }
    phase.position = (phase.position + 1) % CYCLE;
  }
}

function addPaced(socket) {
  const phase = wheel.reduce((least, each) => (each.streams.size < least.streams.size ? each : least));
  phase.streams.add(socket);
  socket.once("close", () => phase.streams.delete(socket));
  if (ticker === undefined) {
    phasesDone = 0;
    ticker = setInterval(tick, 1, now());
  }
}

function endPaced() {
  const end = Buffer.concat([frames(endRecords(0, false), "frame"), LAST_FRAME]);
  for (const { streams } of wheel) {
    for (const socket of streams) socket.write(end);
    streams.clear();
  }
  clearInterval(ticker);
  ticker = undefined;
}

/** Writes text records at an even pace; a late timer catches up. */
function writeAtRate(socket, count, perSecond, withUsage) {
  const start = now();
  let written = 0;
  const timer = setInterval(() => {
    const due = Math.min(count, Math.floor(((now() - start) / 1000) * perSecond));
    for (; written < due; written += 1)
      socket.write(frames([textRecord(encodedDeltas[written % CYCLE])], "frame"));
    if (written < count) return;
    clearInterval(timer);
    write(socket, [frames(endRecords(count, withUsage), "frame"), LAST_FRAME]);
  }, 1);
  socket.once("close", () => clearInterval(timer));
}

function answer(socket, request) {
  const [kind, count, framing] = request.model.split(":");
  const withUsage = request.stream_options?.include_usage === true;
  if (kind === "burst") {
    write(socket, body(Number(count), framing, withUsage));
  } else if (kind === "first") {
    const first = [RESPONSE_HEAD, frames([ROLE_RECORD, textRecord(encodedDeltas[0])], "frame")];
    const others = encodedDeltas.slice(1, Number(count)).map(textRecord);
    const rest = frames([...others, ...endRecords(count, withUsage)], "frame");
    write(socket, first);
    setTimeout(write, 2, socket, [rest, LAST_FRAME]);
  } else if (kind === "arguments") {
    write(socket, callBody(Number(count), withUsage));
  } else if (kind === "rate") {
    write(socket, [RESPONSE_HEAD, frames([ROLE_RECORD], "frame")]);
    writeAtRate(socket, Number(count), Number(framing), withUsage);
  } else if (kind === "idle") {
    const records = encodedDeltas.slice(0, Number(count)).map(textRecord);
    write(socket, [RESPONSE_HEAD, frames([ROLE_RECORD, ...records], "frame")]);
  } else if (kind === "paced") {
    write(socket, [RESPONSE_HEAD, frames([ROLE_RECORD], "frame")]);
    addPaced(socket);
  } else if (kind === "end") {
    endPaced();
    write(socket, body(0, "frame", false));
  } else {
    throw new Error(`no such answer: ${request.model}`);
  }
}

function serve(socket) {
  let pending = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
    for (;;) {
      const headEnd = pending.indexOf("\r\n\r\n");
      if (headEnd < 0) return;
      const length = /\r\ncontent-length: *(\d+)/i.exec(pending.latin1Slice(0, headEnd + 2));
      if (length === null) throw new Error("the bench server wants a content-length");
      const end = headEnd + 4 + Number(length[1]);
      if (pending.length < end) return;
      const request = JSON.parse(pending.toString("utf8", headEnd + 4, end));
      pending = pending.subarray(end);
      answer(socket, request);
    }
  });
}

const server = net.createServer(serve);
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () =>
  process.send({ port: server.address().port }),
);
process.on("message", () => process.send({ cpu: process.cpuUsage(), ...pace }));
process.on("disconnect", () => process.exit(0));
