/** Chatrooms, whose members are the users with a joined socket. */
export { ChatroomsModule } from './chatrooms.module';
