import type { Event, Hint, Received, RoomJoin } from '../history';

/** One device in one room, from its joining until it left, lost its connection, or was to be put out. */
export interface Stay {
  join: RoomJoin;
  /** How often it asked on this connection; only the first time brings what was said before. */
  asked: number;
  /** Where the room stood when it had joined; absent where it was never told that it had. */
  maxSeq?: number;
  heard: (Received | Hint)[];
  over: boolean;
}

/** Which device was in which room when, and what it heard there. */
export function staysOf(events: readonly Event[]): Stay[] {
  const stays: Stay[] = [];
  /** Those that are not over, by device and room. */
  const open = new Map<string, Map<string, Stay>>();
  for (const event of events) {
    const own = open.get(event.device) ?? new Map<string, Stay>();
    open.set(event.device, own);
    switch (event.type) {
      case 'room.join': {
        const stay = own.get(event.conversation) ?? { join: event, asked: 0, heard: [], over: false };
        if (stay.asked++ === 0) stays.push(stay);
        own.set(event.conversation, stay);
        break;
      }
      case 'room.joined':
        joined(own.get(event.conversation), event.maxSeq);
        break;
      case 'recv':
        if (event.via === 'live') own.get(event.conversation)?.heard.push(event);
        break;
      case 'hint':
        // The other reasons are about conversations, which one pulls. Rooms go on by themselves.
        if (event.reason === 'lagging') for (const stay of own.values()) stay.heard.push(event);
        break;
      case 'room.out':
        end(own, event.conversation);
        break;
      case 'disc':
        for (const conversation of [...own.keys()]) end(own, conversation);
        break;
      default:
    }
  }
  return stays;
}

function end(own: Map<string, Stay>, conversation: string): void {
  const stay = own.get(conversation);
  if (stay) stay.over = true;
  own.delete(conversation);
}

function joined(stay: Stay | undefined, maxSeq: number): void {
  if (stay) stay.maxSeq = maxSeq;
}
