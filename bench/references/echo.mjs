/** Reference R and M: plain Socket.IO, an echo with acknowledgement, with the options that Parley gives its own server. */
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
server.on('connection', (socket) => {
  socket.on('message:send', (data, ack) => ack({ ok: true, data }));
  socket.on('device:state', (data, ack) => ack({ ok: true, data: {} }));
});
http.listen(0, '127.0.0.1', () => process.send?.({ port: http.address().port }));
process.on('disconnect', () => process.exit(0));
