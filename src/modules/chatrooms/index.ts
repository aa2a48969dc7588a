/** Rooms that one joins and leaves: membership is who is there now. */
export { ChatroomsModule } from './chatrooms.module';
