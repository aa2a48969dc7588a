/** An event encoded once, to be written to any number of sockets: the packet's text and its ready WebSocket frame. */
export interface Frame {
  readonly text: string;
  /** Engine.IO's write options; shared, never changed. */
  readonly options: { compress: boolean; wsPreEncodedFrame: [Buffer] };
  /** The JSON of a `message:new`: several in a row may be told as one `message:batch`. */
  readonly message?: string;
}

/** Packet `2["event",json]` of the default namespace, exactly as `socket.emit` writes it. */
export const frameOf = (event: string, json: string): Frame =>
  framed(`2["${event}",${json}]`, event === 'message:new' ? json : undefined);

/** Packet `3id[answer]`. */
export const answerFrame = (ackId: number, json: string): Frame => framed(`3${ackId}[${json}]`);

function framed(text: string, message?: string): Frame {
  return { text, options: { compress: false, wsPreEncodedFrame: [webSocketFrame(`4${text}`)] }, message };
}

/** An unmasked, final text frame (RFC 6455 §5.2) in one buffer, so that it is one write. */
function webSocketFrame(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const head = size < 126 ? 2 : size < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + size);
  frame[0] = 0x81;
  if (head === 2) frame[1] = size;
  else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(size), 2);
  }
  frame.write(text, head);
  return frame;
}
