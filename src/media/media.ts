import type { ListenDeps } from './listen.ts';
import { CallStream, type StreamDeps } from './stream.ts';
import { Ticker } from './ticker.ts';
import type { MediaSocket } from './wire.ts';

export type { TokenCheck } from './stream.ts';
export type { MediaSocketData } from './wire.ts';

export interface MediaDeps extends Omit<StreamDeps, 'onClosed' | 'now'> {
  /** Monotonic milliseconds. */
  now?: () => number;
}

/** Handlers and settings for the route of the media stream. Its upgrade hands over a new object for each socket. */
export interface MediaRoute {
  settings: { idleTimeoutS: number; backpressureBytesMax: number; messageBytesMax: number };
  open(socket: MediaSocket): void;
  message(socket: MediaSocket, message: ArrayBuffer, isBinary: boolean): void;
  drain(socket: MediaSocket): void;
  pong(socket: MediaSocket): void;
  close(socket: MediaSocket): void;
}

export interface Media {
  route: MediaRoute;
  /** Has somebody hear a call with a stream here; null for another call. */
  tap: ListenDeps['tap'];
  /** Streams that are open. */
  streams(): number;
  /** Ends every stream with 1000: the carrier asks `/voice/next` for each. */
  endAll(): void;
}

/**
 * The carrier's messages are 400 bytes. Far more than the lead bound lets through waits unsent: only a socket that
 * nobody reads gets there. The stream has clocks of its own; the idle limit is for a socket that lost its stream.
 */
const settings = { idleTimeoutS: 60, backpressureBytesMax: 1024 * 1024, messageBytesMax: 64 * 1024 };

/** The media streams of this process. */
export function createMedia(deps: MediaDeps): Media {
  const now = deps.now ?? (() => performance.now());
  const ticker = new Ticker(now);
  const streams = new Set<CallStream>();
  const streamDeps: StreamDeps = {
    ...deps,
    now,
    onClosed: (stream) => {
      streams.delete(stream);
      ticker.remove(stream);
    },
  };
  return {
    route: {
      settings,
      open: (socket) => {
        const stream = new CallStream(streamDeps, socket);
        socket.getUserData().stream = stream;
        streams.add(stream);
        ticker.add(stream);
      },
      message: (socket, data, isBinary) => socket.getUserData().stream?.message(data, isBinary),
      drain: (socket) => socket.getUserData().stream?.drained(),
      pong: (socket) => socket.getUserData().stream?.pong(),
      close: (socket) => socket.getUserData().stream?.closed(),
    },
    tap(callSid, ear) {
      const stream = [...streams].find((each) => each.callSid === callSid);
      if (!stream) return null;
      return { count: stream.listen(ear), stop: () => stream.unlisten(ear) };
    },
    streams: () => streams.size,
    endAll: () => {
      for (const stream of [...streams]) stream.end('failed');
    },
  };
}
