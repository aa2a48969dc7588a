export function clientFrame(payload: string | Buffer, first?: number): { frame: Buffer; at: number };
export function pongFrame(payload: Buffer): Buffer;
export class FrameReader {
  push(chunk: Buffer, onFrame: (buffer: Buffer, from: number, to: number, opcode: number) => void): void;
}
export function countUp(buffer: Buffer, from: number, digits: number): void;
export function numberAt(buffer: Buffer, from: number, digits: number): number;
