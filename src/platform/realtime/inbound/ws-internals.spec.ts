import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex, type Writable } from 'node:stream';
import * as ws from 'ws';

/** The reader of ws, as far as paced-websocket.ts looks into it. */
interface FrameReader extends Writable {
  _buffers: Buffer[];
  _bufferedBytes: number;
  _maxPayload: number;
  _payloadLength: number;
  _state: number;
  _loop: boolean;
  getInfo(done: () => void): void;
  haveLength(done: () => void): void;
  startLoop(done: () => void): void;
}
interface Library {
  Receiver?: new (options?: object) => FrameReader;
  WebSocket: new (address: null, protocols: undefined, options: object) => object;
}

const STATE_READ_FRAME = 0;
const STATE_LATER = 6;
/** Two unmasked texts, "a" and "b". */
const TWO_FRAMES = Buffer.from('810161810162', 'hex');
/** The head of a text of five bytes. */
const FIVE_BYTES = Buffer.from('8105', 'hex');

/** What ws no longer does as our code expects it, one sentence each. */
function changesIn({ Receiver, WebSocket }: Library): string[] {
  if (!Receiver) return ['ws exports no Receiver, which paced-websocket.ts changes.'];
  const reader = new Receiver();
  const { _buffers, _bufferedBytes, _payloadLength, _state, _loop } = reader;
  const own = { _buffers, _bufferedBytes, _payloadLength, _state, _loop };
  const began = JSON.stringify({
    _buffers: [],
    _bufferedBytes: 0,
    _payloadLength: 0,
    _state: STATE_READ_FRAME,
    _loop: false,
  });
  const missing = (['getInfo', 'haveLength', 'startLoop'] as const).filter(
    (name) => typeof reader[name] !== 'function',
  );
  if (missing.length > 0) return [`The Receiver of ws has no ${missing.join(' and no ')}.`];
  return [
    ...(JSON.stringify(own) === began ? [] : [`A new Receiver of ws is ${JSON.stringify(own)} and not ${began}.`]),
    ...changesInPacing(new Receiver()),
    ...changesInSize(new Receiver({ maxPayload: 100 })),
    ...changesInSocket(WebSocket, Receiver),
  ];
}

/** Reads one frame of two, waits as a PacedReader does, and goes on. */
function changesInPacing(reader: FrameReader): string[] {
  const getInfo = reader.getInfo.bind(reader);
  const haveLength = reader.haveLength.bind(reader);
  const heard: string[] = [];
  const lengths: number[] = [];
  let later: (() => void) | undefined;
  let isDone = false;
  reader.on('message', (data: Buffer) => heard.push(data.toString()));
  reader.getInfo = (done) => {
    if (reader._bufferedBytes < 2 || heard.length === 0) return getInfo(done);
    later = done;
    reader._state = STATE_LATER;
  };
  reader.haveLength = (done) => {
    lengths.push(reader._payloadLength);
    haveLength(done);
  };
  reader._write(TWO_FRAMES, 'binary', () => (isDone = true));
  const changes: string[] = [];
  if (heard.join() !== 'a') changes.push('The Receiver of ws does not ask getInfo before each frame.');
  if (!later || isDone || reader._loop) {
    return [...changes, `In state ${STATE_LATER} the Receiver of ws does not stop without being done.`];
  }
  reader.getInfo = getInfo;
  reader._state = STATE_READ_FRAME;
  reader.startLoop(later);
  if (heard.join() !== 'a,b') {
    changes.push(`From state ${STATE_READ_FRAME} startLoop of ws does not read on where it stopped.`);
  }
  if (lengths.join() !== '1,1') changes.push('The Receiver of ws does not say in haveLength how long a frame is.');
  return changes;
}

function changesInSize(reader: FrameReader): string[] {
  reader.on('error', () => undefined);
  reader._maxPayload = 4;
  reader.write(FIVE_BYTES);
  const refused: NodeJS.ErrnoException | null = reader.errored;
  return refused?.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
    ? []
    : ['The Receiver of ws does not refuse frames above the _maxPayload that it is given later.'];
}

function changesInSocket(WebSocket: Library['WebSocket'], Receiver: new () => FrameReader): string[] {
  const socket = new WebSocket(null, undefined, {}) as {
    _receiver?: unknown;
    _sender?: { sendFrame?: unknown };
    setSocket?(socket: Duplex, head: Buffer, options: object): void;
  };
  const quiet = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  if (!socket.setSocket) return ['A WebSocket of ws has no setSocket: PacedWebSocket never gets its reader.'];
  socket.setSocket(quiet, Buffer.alloc(0), {});
  quiet.destroy();
  return [
    ...(socket._receiver instanceof Receiver ? [] : ['A WebSocket of ws does not keep its Receiver as _receiver.']),
    ...(typeof socket._sender?.sendFrame === 'function'
      ? []
      : ['A WebSocket of ws has no _sender with sendFrame, by which engine-socket.ts writes.']),
  ];
}

describe('what ws does not promise and this code rests on (docs/adr/0021)', () => {
  const library = ws as unknown as Library & { Receiver: new () => FrameReader };

  it('is as it was: if not, see paced-websocket.ts before you take the new version', () => {
    expect(changesIn(library)).toEqual([]);
  });

  it('comes with no new minor version by itself', () => {
    const manifest = readFileSync(join(__dirname, '../../../../package.json'), 'utf8');
    const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
    expect(dependencies.ws).toMatch(/^~8\.\d+\.\d+$/);
  });

  const { Receiver } = library;
  const DAMAGES: [string, Library['Receiver'], string][] = [
    ['no reader', undefined, 'ws exports no Receiver'],
    [
      'a reader that begins in another state',
      class extends Receiver {
        override _state = 1;
      },
      'A new Receiver of ws is {',
    ],
    [
      'a reader that is done where it should wait',
      class extends Receiver {
        override startLoop(done: () => void): void {
          super.startLoop(done);
          if (this._state === STATE_LATER) done();
        }
      },
      'does not stop without being done',
    ],
    [
      'a reader that takes another way to a frame',
      class extends Receiver {
        override startLoop(done: () => void): void {
          this.getInfo = super.getInfo.bind(this);
          super.startLoop(done);
        }
      },
      'does not ask getInfo before each frame',
    ],
  ];
  it.each(DAMAGES)('would be told of %s', (_, damaged, sentence) => {
    expect(changesIn({ ...library, Receiver: damaged }).join('\n')).toContain(sentence);
  });
});
