import { UnaddressedMessageDto } from './send-message.dto';

/** A send command that names no address: it goes to every room of the app. */
export class BroadcastDto extends UnaddressedMessageDto {}
