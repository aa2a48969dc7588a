import { type Applied, type MarkSeen, type ReadOk, type StoredRow, tenantOf, userIdOf, userOf } from '../history';
import { veiledWrongly } from './groups';
import { roomStays } from './rooms';
import { falls, keyOf, push, type View, type Violation } from './view';

/** I7: in time after healing every device holds the log, and one that starts from nothing holds the same. */
export function convergence(view: View): Violation[] {
  const violations: Violation[] = [...view.final.behind].map(([device, lacks]) => ({
    invariant: 'I7' as const,
    says: `${device} had not caught up in time: ${lacks}`,
    evidence: view.events.filter((event) => event.type === 'apply' && event.device === device).slice(-1),
  }));
  violations.push(...veiledWrongly(view), ...roomStays(view, 'I7'));
  for (const device of [...view.final.online, ...view.final.fresh]) {
    for (const conversation of view.conversationsOf(userOf(device))) {
      const log = view.logOf(conversation, userIdOf(device));
      const [first] = log;
      const applied = view.appliedBy(device, conversation).filter(({ seq }) => !first || seq >= first.seq);
      const at = log.findIndex((row, index) => !holds(view, device, row, applied[index]));
      const differs = at >= 0 ? at : applied.length > log.length ? log.length : -1;
      if (differs < 0) continue;
      const row = log[differs];
      const one = applied[differs];
      violations.push({
        invariant: 'I7',
        says: `${device} differs from the log of ${conversation} at its message ${differs + 1} of ${log.length}`,
        evidence: [...(row ? [row] : []), ...(one ? [one] : [])],
      });
    }
  }
  return violations;
}

/** The message, or its place where it is directed to others. */
function holds(view: View, device: string, row: StoredRow, one: Applied | undefined): boolean {
  if (one?.seq !== row.seq) return false;
  return view.maySee(row, userIdOf(device)) ? keyOf(one) === keyOf(row) : one.hidden === true;
}

/** A read mark of one user in one conversation, from whichever side it was seen. */
interface MarkAt {
  began: number;
  at: number;
  readSeq: number;
  event: ReadOk | MarkSeen;
}

/** I8: read marks only rise, never above the head, agree on all devices; unread is what a recount gives. */
export function marksOnlyRise(view: View): Violation[] {
  const marks = new Map<string, MarkAt[]>();
  const finals = new Map<string, MarkSeen[]>();
  const violations: Violation[] = [];
  for (const event of view.events) {
    if (event.type !== 'read.ok' && event.type !== 'mark') continue;
    const { began, at, conversation, readSeq } = event;
    const user = userOf(event.device);
    push(marks, `${user} ${conversation}`, { began, at, readSeq, event });
    if (event.type === 'mark' && event.peerReadSeq !== undefined) {
      const peer = view.final.members.get(conversation)?.find((member) => member !== user);
      if (peer) push(marks, `${peer} ${conversation}`, { began, at, readSeq: event.peerReadSeq, event });
    }
    if (event.type === 'mark' && event.final) push(finals, `${user} ${conversation}`, event);
    if (event.type === 'read.ok' && readSeq < Math.min(event.asked, event.have))
      violations.push({ invariant: 'I8', says: `a read mark was acknowledged and not kept`, evidence: [event] });
    if (readSeq > (view.final.heads.get(conversation) ?? 0))
      violations.push({ invariant: 'I8', says: `a read mark is above the head of ${conversation}`, evidence: [event] });
  }
  for (const [whose, seen] of marks) {
    for (const [higher, lower] of falls(seen, ({ readSeq }) => readSeq))
      violations.push({
        invariant: 'I8',
        says: `the read mark of ${whose} fell from ${higher.readSeq} to ${lower.readSeq}`,
        evidence: [higher.event, lower.event],
      });
  }
  for (const seen of finals.values()) violations.push(...finalMarks(view, seen));
  return violations;
}

/** At rest all devices of a user show the same marks, and the unread that the log gives. */
function finalMarks(view: View, seen: readonly MarkSeen[]): Violation[] {
  const [first] = seen;
  if (!first) return [];
  const violations: Violation[] = [];
  const other = seen.find(({ readSeq, unread }) => readSeq !== first.readSeq || unread !== first.unread);
  if (other)
    violations.push({
      invariant: 'I8',
      says: `two devices of one user show different marks`,
      evidence: [first, other],
    });
  const user = userOf(first.device);
  const recount = view
    .logOf(first.conversation, userIdOf(first.device))
    .filter((row) => row.seq > first.readSeq && !row.notice && view.maySee(row, userIdOf(first.device)))
    .filter(({ sender }) => `${tenantOf(user)}/${sender}` !== user).length;
  if (recount !== first.unread)
    violations.push({
      invariant: 'I8',
      says: `${user} is shown ${first.unread} unread in ${first.conversation}, a recount gives ${recount}`,
      evidence: [first],
    });
  return violations;
}
