import { type Applied, type Head, type Pulled, type Received, type SendOk, userIdOf, userOf } from '../history';
import { changesTold } from './groups';
import { roomStays } from './rooms';
import { falls, keyOf, push, type Story, type View, type Violation } from './view';

/** I1: every acknowledged message is in the final log and on every entitled device that stayed. */
export function noAckedMessageLost(view: View): Violation[] {
  const violations = changesTold(view, 'I1');
  for (const { key, invokes, oks } of view.stories.values()) {
    const [ok] = oks;
    if (ok && !view.rowsByKey.has(key)) {
      const invoke = invokes.find(({ attempt }) => attempt === ok.attempt);
      violations.push({
        invariant: 'I1',
        says: `${key} was acknowledged as seq ${ok.seq} of ${ok.conversation} and is not in the log`,
        evidence: invoke ? [invoke, ok] : [ok],
      });
    }
  }
  for (const device of view.final.online) {
    for (const conversation of view.conversationsOf(userOf(device))) {
      const applied = view.appliedBy(device, conversation);
      const held = new Set(applied.map(({ seq }) => seq));
      for (const row of view.logOf(conversation, userIdOf(device))) {
        const [ok] = view.stories.get(keyOf(row))?.oks ?? [];
        if (!ok || held.has(row.seq)) continue;
        const last = applied.at(-1);
        violations.push({
          invariant: 'I1',
          says: `${keyOf(row)}, acknowledged as seq ${row.seq} of ${conversation}, never reached ${device}`,
          evidence: [ok, row, ...(last ? [last] : [])],
        });
      }
    }
  }
  return violations;
}

/** I2: nothing from nowhere. What is stored or shown was sent, with that content, and was not refused, then or later. */
export function nothingFromNowhere(view: View): Violation[] {
  const violations = [...changesTold(view, 'I2'), ...refusedThoughStored(view)];
  for (const row of view.final.rows) {
    if (row.notice) continue;
    const story = view.stories.get(keyOf(row));
    const [invoke] = story?.invokes ?? [];
    if (!story || !invoke)
      violations.push({
        invariant: 'I2',
        says: `seq ${row.seq} of ${row.conversation} was never sent`,
        evidence: [row],
      });
    else if (invoke.text !== row.text || invoke.conversation !== row.conversation)
      violations.push({ invariant: 'I2', says: `${story.key} is not stored as it was sent`, evidence: [invoke, row] });
    else if (refused(story))
      violations.push({
        invariant: 'I2',
        says: `${story.key} was refused and is stored`,
        evidence: [invoke, ...story.fails.slice(0, 1), row],
      });
  }
  for (const event of view.events) {
    if (event.type !== 'recv' || event.hidden || view.rowsByKey.get(keyOf(event))?.[0]?.notice) continue;
    const [invoke] = view.stories.get(keyOf(event))?.invokes ?? [];
    if (!invoke)
      violations.push({ invariant: 'I2', says: `${event.device} was shown what was never sent`, evidence: [event] });
    else if (invoke.text !== event.text)
      violations.push({
        invariant: 'I2',
        says: `${event.device} was shown another content`,
        evidence: [invoke, event],
      });
    else if (!view.rowsByKey.has(keyOf(event)))
      violations.push({
        invariant: 'I2',
        says: `${event.device} was shown ${keyOf(event)}, which is not stored`,
        evidence: [invoke, event],
      });
  }
  return violations;
}

/** What is told to a credential that is none any more, whatever it asks for. */
const OF_CREDENTIALS = new Set(['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'TOKEN_REVOKED', 'BAD_CREDENTIALS']);

/** Whoever repeats what somebody has been shown already is told that it is stored, whatever was decided since. */
function refusedThoughStored(view: View): Violation[] {
  const known = new Map<string, SendOk | Received>();
  for (const event of view.events) {
    if (event.type !== 'send.ok' && (event.type !== 'recv' || event.hidden)) continue;
    if (!known.has(keyOf(event))) known.set(keyOf(event), event);
  }
  const violations: Violation[] = [];
  for (const { key, invokes, fails } of view.stories.values()) {
    const proof = known.get(key);
    for (const fail of fails) {
      const invoke = invokes.find(({ attempt, device }) => attempt === fail.attempt && device === fail.device);
      if (!proof || !invoke || invoke.at <= proof.at || OF_CREDENTIALS.has(fail.code)) continue;
      violations.push({
        invariant: 'I2',
        says: `${key} was refused (${fail.code}) when it was stored already`,
        evidence: [proof, invoke, fail],
      });
    }
  }
  return violations;
}

/** Every attempt was refused for good: no attempt has an unknown outcome. */
const refused = ({ invokes, oks, fails, infos }: Story): boolean =>
  oks.length === 0 && infos.length === 0 && fails.length > 0 && fails.length >= invokes.length;

/** I3: one message, one place: one row, equal acknowledgements, applied once on each device. */
export function noDuplicate(view: View): Violation[] {
  const violations = [...changesTold(view, 'I3'), ...roomStays(view, 'I3')];
  for (const [key, rows] of view.rowsByKey) {
    if (rows.length > 1)
      violations.push({ invariant: 'I3', says: `${key} is stored ${rows.length} times`, evidence: rows.slice(0, 2) });
  }
  for (const { key, oks } of view.stories.values()) {
    const [first] = oks;
    const other = oks.find(({ seq, messageId }) => seq !== first?.seq || messageId !== first.messageId);
    if (first && other)
      violations.push({ invariant: 'I3', says: `${key} was acknowledged in two places`, evidence: [first, other] });
    const [row] = view.rowsByKey.get(key) ?? [];
    if (first && row && row.seq !== first.seq)
      violations.push({
        invariant: 'I3',
        says: `${key} is stored elsewhere than acknowledged`,
        evidence: [first, row],
      });
  }
  for (const conversations of view.applied.values()) {
    for (const applied of conversations.values()) violations.push(...appliedTwice(applied));
  }
  return violations;
}

function appliedTwice(applied: readonly Applied[]): Violation[] {
  const violations: Violation[] = [];
  const bySeq = new Map<number, Applied>();
  const byKey = new Map<string, Applied>();
  for (const one of applied) {
    const before = bySeq.get(one.seq) ?? byKey.get(keyOf(one));
    if (before)
      violations.push({ invariant: 'I3', says: `${one.device} applied ${keyOf(one)} twice`, evidence: [before, one] });
    bySeq.set(one.seq, one);
    byKey.set(keyOf(one), one);
  }
  return violations;
}

/** I4: seqs are 1, 2, 3 … up to the head, in the log and in every page; a head never falls. */
export function gapless(view: View): Violation[] {
  const violations: Violation[] = [];
  for (const conversation of new Set([...view.logs.keys(), ...view.final.heads.keys()])) {
    const log = view.logs.get(conversation) ?? [];
    const hole = log.findIndex(({ seq }, index) => seq !== index + 1);
    if (hole >= 0)
      violations.push({
        invariant: 'I4',
        says: `${conversation} has no seq ${hole + 1}`,
        evidence: log.slice(Math.max(0, hole - 1), hole + 1),
      });
    const head = view.final.heads.get(conversation) ?? 0;
    const last = log.at(-1);
    if (head !== (last?.seq ?? 0))
      violations.push({
        invariant: 'I4',
        says: `the head of ${conversation} is ${head}, its last message ${last?.seq ?? 'absent'}`,
        evidence: last ? [last] : [],
      });
  }
  const heads = new Map<string, Head[]>();
  for (const event of view.events) {
    if (event.type === 'pull' && !contiguous(view, event))
      violations.push({
        invariant: 'I4',
        says: `a page of ${event.conversation} after ${event.after} has a hole`,
        evidence: [event],
      });
    if (event.type === 'head') push(heads, `${event.storeEpoch} ${event.conversation}`, event);
  }
  for (const seen of heads.values()) {
    for (const [higher, lower] of falls(seen, ({ maxSeq }) => maxSeq))
      violations.push({
        invariant: 'I4',
        says: `the head of ${lower.conversation} fell from ${higher.maxSeq} to ${lower.maxSeq}`,
        evidence: [higher, lower],
      });
  }
  return violations;
}

/** From the place asked for on; in a group also from the beginning of a window. */
function contiguous(view: View, { device, conversation, after, seqs }: Pulled): boolean {
  const [first = after + 1] = seqs;
  const expected = first > after && view.groups.get(conversation)?.begins(userIdOf(device), first) ? first : after + 1;
  return seqs.every((seq, index) => seq === expected + index);
}
