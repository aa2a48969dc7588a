/**
 * Reference L: plain Socket.IO from sender to receiver, acknowledged and told at once, and nothing stored. Who connects
 * says its name in the handshake; a message is as large as Parley's.
 */
import { serve } from './plain-socket-io.mjs';

let seq = 0;
serve((socket, server) => {
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
