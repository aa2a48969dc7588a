/**
 * Reference B: plain Socket.IO; what is said to a group or room, all others in it hear as `message:new`, as large as
 * Parley's. Who connects names its rooms in the handshake.
 */
import { serve } from './plain-socket-io.mjs';

let seq = 0;
/** The latest messages of each room. */
const latest = new Map();
const LATEST = 10;
serve((socket) => {
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
    latest.set(to.id, [...(latest.get(to.id) ?? []), message].slice(-LATEST));
    socket.to(to.id).emit('message:new', message);
    ack({ ok: true, data: message });
  });
  socket.on('chatroom:join', ({ chatroomId }, ack) => {
    for (const message of latest.get(chatroomId) ?? []) socket.emit('message:new', message);
    socket.join(chatroomId);
    ack({ ok: true, data: { chatroomId } });
  });
});
