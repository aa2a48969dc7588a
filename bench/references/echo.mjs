/** Reference R and M: plain Socket.IO, an echo with acknowledgement, with the options that Parley gives its own server. */
import { serve } from './plain-socket-io.mjs';

serve((socket) => {
  socket.on('message:send', (data, ack) => ack({ ok: true, data }));
  socket.on('device:state', (data, ack) => ack({ ok: true, data: {} }));
});
