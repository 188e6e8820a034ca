// A pipe in front of a board's pipe that plays the board false: it fetches the board's update itself and hands the host another one, with a
// right hash; or it says, again and again, that an update waits which the host has had. Everything else passes as it is.
import { createHash } from "node:crypto";
import type { Pipe } from "../../../host/link/pipe.ts";
import { encodeFrame, type Frame, FrameParser } from "../../../host/wire/frame.ts";
import {
  BlobKind,
  decodeGetInfo,
  decodeHello,
  encodeGetInfo,
  encodeHello,
  FrameType,
  frameBodyMax,
  Reply,
} from "../../../host/wire/spec.gen.ts";

export interface Tampering {
  /** What the host gets instead of an update. */
  alter?: (update: Uint8Array) => Uint8Array;
  /** How often the host is given, once it has had an update, the same again. */
  repeats?: number;
}

const windowBytes = 960;
const reply = (type: number) => type | Reply.flag;
const ack = (id: number, offset: number) => encodeFrame({ type: FrameType.getAck, id, offset, body: Uint8Array.of(0) });

export function tamperedPipe(pipe: Pipe, tampering: Tampering): Pipe {
  const host = new FrameParser();
  const board = new FrameParser();
  let listener: (bytes: Uint8Array) => void = () => {};
  let fetching: { id: number; bytes: Uint8Array; have: number } | undefined; // from the board
  let serving: { id: number; bytes: Uint8Array } | undefined; // to the host
  let known: { task: number; run: number; bytes: Uint8Array } | undefined; // what the host has had
  let waiting = { task: 0, run: 0 }; // by the board's last hello
  let left = tampering.repeats ?? 0;

  const tell = (frame: Frame) => listener(encodeFrame(frame));
  const sendFrom = (offset: number) => {
    const { id, bytes } = serving!;
    for (let at = offset; at < Math.min(bytes.length, offset + windowBytes); at += frameBodyMax) {
      const body = bytes.subarray(at, Math.min(at + frameBodyMax, offset + windowBytes));
      tell({ type: reply(FrameType.getData), id, offset: at, body });
    }
  };
  const serve = (id: number, bytes: Uint8Array, offset: number) => {
    serving = { id, bytes };
    const sha256 = createHash("sha256").update(bytes).digest();
    tell({ type: reply(FrameType.getBegin), id, offset, body: encodeGetInfo({ total: bytes.length, sha256 }) });
    sendFrom(offset);
  };

  /** True when the frame is answered here. */
  const fromHost = (frame: Frame): boolean => {
    if (frame.type === FrameType.getBegin && frame.body[0] === BlobKind.update) {
      if (!known || (waiting.task !== 0 && waiting.task !== known.task)) {
        fetching = { id: frame.id, bytes: new Uint8Array(0), have: 0 };
        return false;
      }
      if (waiting.task === 0) left--;
      serve(frame.id, known.bytes, frame.offset);
      return true;
    }
    if (frame.type !== FrameType.getAck || frame.id !== serving?.id) return false;
    sendFrom(frame.offset);
    return true;
  };

  const fetched = (frame: Frame): void => {
    const { id } = fetching!;
    if (frame.type === reply(FrameType.getBegin)) fetching!.bytes = new Uint8Array(decodeGetInfo(frame.body).total);
    if (frame.type === reply(FrameType.getData) && frame.offset === fetching!.have) {
      fetching!.bytes.set(frame.body, frame.offset);
      fetching!.have += frame.body.length;
      void pipe.write(ack(id, fetching!.have)).catch(() => {});
    }
    if (fetching!.have === 0 || fetching!.have < fetching!.bytes.length) return;
    const { bytes } = fetching!;
    fetching = undefined;
    known = { ...waiting, bytes: tampering.alter?.(bytes) ?? bytes };
    serve(id, known.bytes, 0);
  };

  const fromBoard = (frame: Frame): void => {
    if (frame.id === fetching?.id) return fetched(frame);
    if (frame.type !== reply(FrameType.hello)) return tell(frame);
    const hello = decodeHello(frame.body);
    waiting = { task: hello.updateTask, run: hello.run };
    if (known && left > 0 && hello.updateTask === 0) {
      return tell({ ...frame, body: encodeHello({ ...hello, updateTask: known.task, run: known.run }) });
    }
    tell(frame);
  };

  return {
    address: pipe.address,
    closed: pipe.closed,
    onData(to) {
      listener = to;
      pipe.onData((bytes) => {
        for (const frame of board.push(bytes)) fromBoard(frame);
      });
    },
    async write(bytes) {
      const frames = [...host.push(bytes)];
      const passing = frames.filter((frame) => !fromHost(frame));
      const lone = frames.length === 0 ? [bytes] : []; // the 0x00 that ends half a frame
      if (passing.length + lone.length > 0) await pipe.write(Buffer.concat([...lone, ...passing.map(encodeFrame)]));
    },
    close: () => pipe.close(),
  };
}
