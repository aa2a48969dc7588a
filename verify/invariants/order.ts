import { type Received, type SendInvoke, type SendOk, type StoredRow, userIdOf } from '../history';
import { roomStays } from './rooms';
import { keyOf, push, type View, type Violation } from './view';

/** I5: a place holds the same message for everybody and for ever; devices apply place after place. */
export function oneOrder(view: View): Violation[] {
  const violations = roomStays(view, 'I5');
  const holders = new Map<string, StoredRow | Received | SendOk>();
  const ids = new Map<string, Received | SendOk>();
  for (const row of view.final.rows) holders.set(`${row.conversation}#${row.seq}`, row);
  for (const event of view.events) {
    if (event.type !== 'recv' && event.type !== 'send.ok') continue;
    const place = `${event.conversation}#${event.seq}`;
    const holder = holders.get(place);
    const named = ids.get(place);
    const hidden = event.type === 'recv' && event.hidden === true;
    const other = !hidden && holder && keyOf(holder) !== keyOf(event) ? holder : named;
    if (other && (other === holder || named?.messageId !== event.messageId))
      violations.push({
        invariant: 'I5',
        says: `seq ${event.seq} of ${event.conversation} is two messages: ${keyOf(other)} and ${keyOf(event)}`,
        evidence: [other, event],
      });
    if (!holder && !hidden) holders.set(place, event);
    if (!named) ids.set(place, event);
  }
  for (const [device, conversations] of view.applied) {
    for (const [conversation, applied] of conversations) {
      applied.forEach((one, index) => {
        const before = applied[index - 1];
        const jumped = one.seq !== (before?.seq ?? 0) + 1;
        if (
          jumped &&
          !(one.seq > (before?.seq ?? 0) && view.groups.get(conversation)?.begins(userIdOf(device), one.seq))
        )
          violations.push({
            invariant: 'I5',
            says: `${device} applied seq ${one.seq} of ${conversation} after ${before?.seq ?? 'nothing'}`,
            evidence: before ? [before, one] : [one],
          });
      });
    }
  }
  return violations;
}

interface Sent {
  row: StoredRow;
  invoke: SendInvoke;
  ok?: SendOk;
  /** Sent a single time, so that no repeat decided its place. */
  once: boolean;
}

/** I6: what came after in real time, or after having been seen, comes after in the log; so does each sender's own order. */
export function causalOrder(view: View): Violation[] {
  const violations: Violation[] = [];
  for (const log of view.logs.values()) {
    const sent = log.flatMap((row): Sent[] => {
      const story = view.stories.get(keyOf(row));
      const [invoke] = story?.invokes ?? [];
      const [ok] = story?.oks ?? [];
      if (!invoke) return [];
      return [{ row, invoke, ...(ok && { ok }), once: story?.invokes.length === 1 }];
    });
    violations.push(...againstTime(sent), ...againstSight(sent), ...againstSender(sent));
  }
  return violations;
}

/** Acknowledged before the other was sent, and yet behind it. */
function againstTime(sent: readonly Sent[]): Violation[] {
  const violations: Violation[] = [];
  let earliest: Sent | undefined;
  for (const one of [...sent].reverse()) {
    if (earliest?.ok && earliest.ok.at < one.invoke.at)
      violations.push({
        invariant: 'I6',
        says: `${keyOf(one.row)} was sent after ${keyOf(earliest.row)} was acknowledged, and stands before it`,
        evidence: [earliest.ok, one.invoke, one.row, earliest.row],
      });
    if (one.ok && (!earliest?.ok || one.ok.at < earliest.ok.at)) earliest = one;
  }
  return violations;
}

/** Sent by a device that had seen this place taken. */
const againstSight = (sent: readonly Sent[]): Violation[] =>
  sent
    .filter(({ row, invoke }) => invoke.have >= row.seq)
    .map(({ row, invoke }) => ({
      invariant: 'I6' as const,
      says: `${keyOf(row)} stands at ${row.seq} though its sender had seen ${invoke.have}`,
      evidence: [invoke, row],
    }));

/** One socket's sends are stored in the order in which they left, even when several were under way. */
function againstSender(sent: readonly Sent[]): Violation[] {
  const violations: Violation[] = [];
  const bySocket = new Map<string, Sent[]>();
  for (const one of sent) if (one.once && one.invoke.via === 'socket') push(bySocket, one.invoke.device, one);
  for (const own of bySocket.values()) {
    own.forEach((one, index) => {
      const before = own[index - 1];
      if (before && before.invoke.at > one.invoke.at)
        violations.push({
          invariant: 'I6',
          says: `${one.invoke.device} sent ${keyOf(one.row)} first, and it stands behind ${keyOf(before.row)}`,
          evidence: [one.invoke, before.invoke, before.row, one.row],
        });
    });
  }
  return violations;
}
