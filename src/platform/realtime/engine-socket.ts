import type { Socket } from 'socket.io';
import type { Decoder } from './wire';

/** The part of a WebSocket that writes ready frames. */
export interface FrameSender {
  sendFrame(list: readonly [Buffer]): void;
}

/** Engine.IO's side of a socket, as far as we look into it. */
export interface EngineSocket {
  readonly readyState: string;
  writeBuffer: readonly { data?: string; options?: { wsPreEncodedFrame?: readonly [Buffer] } }[];
  readonly transport: {
    readonly name: string;
    /** Whether a flush may write now. */
    writable: boolean;
    /** Of a polling transport that waits for the next poll to say goodbye: does not wait. */
    shouldClose?: (() => void) | null;
    readonly socket?: {
      readonly bufferedAmount: number;
      readonly _sender?: FrameSender;
      terminate(): void;
    };
  };
  request: unknown;
  write(text: string, options: object): void;
  flush(): void;
  close(discard?: boolean): void;
}

/**
 * The door by which Engine.IO writes ready frames itself, without its packets and events. Only an open WebSocket has it:
 * one that is closing waits for events that only Engine.IO's own writes have.
 */
export const directSender = ({ readyState, transport }: EngineSocket): FrameSender | undefined =>
  readyState === 'open' && transport.name === 'websocket' ? transport.socket?._sender : undefined;

/** What reads the packets of this socket's connection. */
export const decoderOf = (socket: Socket): Decoder<Socket> =>
  (socket.client as unknown as { decoder: Decoder<Socket> }).decoder;

export const engineOf = (socket: Socket): EngineSocket => socket.conn as unknown as EngineSocket;
