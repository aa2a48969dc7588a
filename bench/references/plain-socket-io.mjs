/** Plain Socket.IO with the options that Parley gives its own server, on a port that whoever started the process is told. */
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

/** @param {(socket: import('socket.io').Socket, server: Server) => void} connected called for every socket that connects */
export function serve(connected) {
  server.on('connection', (socket) => connected(socket, server));
  http.listen(0, '127.0.0.1', () => process.send?.({ port: http.address().port }));
  process.on('disconnect', () => process.exit(0));
}
