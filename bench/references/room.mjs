/**
 * Reference B: plain Socket.IO; what is said to a group or room, all others in it hear as `message:new`, as large as
 * Parley's. Who connects names its rooms in the handshake.
 */
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
  socket.join(socket.handshake.auth.rooms ?? []);
  socket.on('message:send', (data, ack) => {
    const { to, clientMessageId, type, body } = data;
    const id = `b${String(++seq).padStart(15, '0')}`;
    const rest = {
      from: 'bench0000000',
      to,
      clientMessageId,
      type,
      body,
      sentAt: new Date().toISOString(),
      revision: 0,
    };
    const message = { id, conversationId: `${to.kind}:${to.id}`, seq, ...rest };
    socket.to(to.id).emit('message:new', message);
    ack({ ok: true, data: message });
  });
});
http.listen(0, '127.0.0.1', () => process.send?.({ port: http.address().port }));
process.on('disconnect', () => process.exit(0));
