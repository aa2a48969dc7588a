/** Reference B: plain Socket.IO; what one says in the room, all others in it hear as `message:new`, as large as Parley's. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const server = new Server(http, {
  transports: ['websocket'],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
  maxHttpBufferSize: 65 * 1024,
});
let seq = 0;
server.on('connection', (socket) => {
  socket.join('room');
  socket.on('message:send', (data, ack) => {
    const sentAt = new Date().toISOString();
    const { to, clientMessageId, type, body } = data;
    const id = `b${String(++seq).padStart(15, '0')}`;
    const rest = { from: 'bench0000000', to, clientMessageId, type, body, sentAt, revision: 0 };
    const message = { id, conversationId: `${to.kind}:${to.id}`, seq, ...rest };
    socket.to('room').emit('message:new', message);
    ack({ ok: true, data: message });
  });
  socket.on('device:state', (data, ack) => ack({ ok: true, data: {} }));
});
http.listen(0, '127.0.0.1', () => process.send?.({ port: http.address().port }));
process.on('disconnect', () => process.exit(0));
