/**
 * Reference L: plain Socket.IO from sender to receiver, acknowledged and told at once, and nothing stored. Who connects
 * says its name in the handshake; a message is as large as Parley's.
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
  const { userId } = socket.handshake.auth;
  socket.join(userId);
  socket.on('message:send', ({ to, clientMessageId, type, body }, ack) => {
    const id = `b${String(++seq).padStart(15, '0')}`;
    const sentAt = new Date().toISOString();
    const conversationId = `user:${userId}:${to.id}`;
    const message = { id, conversationId, seq, from: userId, to, clientMessageId, type, body, sentAt, revision: 0 };
    ack({ ok: true, data: { id, conversationId, seq, sentAt, clientMessageId } });
    server.to(to.id).emit('message:new', message);
  });
});
http.listen(0, '127.0.0.1', () => process.send?.({ port: http.address().port }));
process.on('disconnect', () => process.exit(0));
