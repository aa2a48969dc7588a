import { type Received, type RoomJoin, userOf } from '../history';
import type { Stay } from './stays';
import { keyOf, push, type View, type Violation } from './view';

/**
 * Who is in a room hears each message once, in order and without a hole, from the latest ones at its joining on. What it
 * misses is declared: by the end of its connection, or by a hint to look.
 */
export function roomStays(view: View, invariant: 'I3' | 'I5' | 'I7'): Violation[] {
  return view.stays.flatMap((stay) => {
    if (invariant === 'I7') return [...silentHoles(view, stay), ...silentTail(view, stay), ...lackingPast(view, stay)];
    const messages = stay.heard.filter((event): event is Received => event.type === 'recv');
    return messages.flatMap((one, index): Violation[] => {
      const before = messages[index - 1];
      if (!before || one.seq > before.seq) return [];
      const twice = messages.slice(0, index).some(({ seq }) => seq === one.seq);
      if (twice !== (invariant === 'I3')) return [];
      const how = twice ? 'twice' : `after ${before.seq}`;
      const says = `${one.device} heard seq ${one.seq} of ${one.conversation} ${how}`;
      return [{ invariant, says, evidence: [before, one] }];
    });
  });
}

/** What lies between two places, less what this very connection sent: that it has by its acknowledgement, or by asking. */
function missing(view: View, { join }: Stay, after: number, before: number): number[] {
  const { conversation, device } = join;
  return (view.logs.get(conversation) ?? []).flatMap((row) => {
    if (row.seq <= after || row.seq >= before) return [];
    const invokes = view.stories.get(keyOf(row))?.invokes ?? [];
    return invokes.some((invoke) => invoke.device === device && invoke.via === 'socket') ? [] : [row.seq];
  });
}

function silentHoles(view: View, stay: Stay): Violation[] {
  const violations: Violation[] = [];
  let before: Received | undefined;
  for (const event of stay.heard) {
    if (event.type === 'hint') {
      before = undefined;
      continue;
    }
    const [first, ...more] = before ? missing(view, stay, before.seq, event.seq) : [];
    if (before && first !== undefined)
      violations.push({
        invariant: 'I7',
        says: `${event.device} heard nothing of seq ${[first, ...more].join(', ')} of ${event.conversation}, and no word about it`,
        evidence: [before, event],
      });
    before = event;
  }
  return violations;
}

/** Who is in to the end has heard what was said last. */
function silentTail(view: View, stay: Stay): Violation[] {
  const { device, conversation } = stay.join;
  const last = stay.heard.at(-1);
  if (stay.over || stay.maxSeq === undefined || last?.type === 'hint' || !view.final.online.includes(device)) return [];
  const [lacks] = missing(view, stay, last?.seq ?? stay.maxSeq, Infinity);
  if (lacks === undefined) return [];
  const says = `${device} is in ${conversation} and never heard seq ${lacks}, nor a word about it`;
  return [{ invariant: 'I7', says, evidence: [last ?? stay.join] }];
}

/** The latest messages come with the joining, and what follows begins right behind them. */
function lackingPast(view: View, stay: Stay): Violation[] {
  const { maxSeq, asked, join } = stay;
  const first = stay.heard.find((event) => event.type === 'recv');
  if (maxSeq === undefined || asked > 1 || stay.heard[0]?.type === 'hint') return [];
  // Without a word until the end, which is looked at by itself.
  if (!first) return stay.over || join.history === 0 || maxSeq === 0 ? [] : [lacks(stay, 1)];
  const begins = Math.max(1, maxSeq - join.history + 1);
  return first.seq <= begins || missing(view, stay, begins - 1, first.seq).length === 0 ? [] : [lacks(stay, begins)];
}

const lacks = ({ join, heard }: Stay, seq: number): Violation => ({
  invariant: 'I7',
  says: `${join.device} joined ${join.conversation} and was not shown seq ${seq}, one of the latest then`,
  evidence: [join, ...heard.slice(0, 1)],
});

/** I12 in rooms: nothing is heard without having joined, and what was put out neither hears nor says anything new. */
export function roomEntitlement(view: View): Violation[] {
  const joins = new Map<string, RoomJoin[]>();
  for (const event of view.events) {
    if (event.type === 'room.join') push(joins, `${event.conversation} ${userOf(event.device)}`, event);
  }
  const violations: Violation[] = [];
  for (const event of view.events) {
    if (event.type !== 'recv' || !isRoom(event.conversation)) continue;
    const asked = joins.get(`${event.conversation} ${userOf(event.device)}`) ?? [];
    if (!asked.some(({ device, at }) => device === event.device && at < event.at))
      violations.push({
        invariant: 'I12',
        says: `${event.device} heard ${event.conversation}, which it never joined`,
        evidence: [event],
      });
  }
  return violations;
}

export const isRoom = (conversation: string): boolean => conversation.includes('|chatroom:');
