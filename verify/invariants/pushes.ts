import { type PushAsked, type PushRecord, type StoredRow, userIdOf } from '../history';
import { push, type View, type Violation } from './view';

/** I10: nothing that was owed after a commit is owed for ever, and nothing was given up. */
export const workIsDone = (view: View): Violation[] =>
  (view.final.push?.owed ?? []).map((says) => ({
    invariant: 'I10',
    says: `${says}, long after everything healed`,
    evidence: [],
  }));

/**
 * I9: every message to somebody away has one recorded end for each of its phones, or one for all of them; what is recorded
 * as sent was taken by the vendor; a dead token is asked no more; and what was tried twice is one notification.
 */
export function pushesAccounted(view: View): Violation[] {
  const { push: state } = view.final;
  if (!state) return [];
  const records = new Map<string, PushRecord[]>();
  for (const record of state.records) push(records, placeOf(record.conversation, record.seq, record.user), record);
  const violations: Violation[] = [];
  for (const [user, phones] of state.phones) {
    for (const row of owedTo(view, user)) {
      const ended = records.get(placeOf(row.conversation, row.seq, userIdOf(`${user}/`))) ?? [];
      if (ended.some(({ phone }) => phone === undefined)) continue;
      if (phones.length === 0) {
        const says = `nobody knows why ${user} was not told of seq ${row.seq} of ${row.conversation}`;
        violations.push({ invariant: 'I9', says, evidence: [row] });
      }
      const missing = phones.filter((phone) => !ended.some((record) => record.phone === phone));
      if (missing.length > 0)
        violations.push({
          invariant: 'I9',
          says: `nobody knows what became of seq ${row.seq} of ${row.conversation} for ${user} (${missing.join(', ')})`,
          evidence: [row, ...ended.slice(0, 1)],
        });
    }
  }
  const { records: ends } = state;
  const others = [sentAreTaken(view, ends), oneNotification(view), toldOnce(view, ends), deadStayDead(view)];
  return [...violations, ...others.flat()];
}

const SOON_MS = 3000;
/** Some vendors put their own id behind a path. */
const ownId = (providerId: string): string => providerId.slice(providerId.lastIndexOf('/') + 1);

const placeOf = (conversation: string, seq: number, user: string): string => `${conversation}#${seq} ${user}`;

/** Messages of others that concern this user, who was away the whole time. */
function owedTo(view: View, user: string): StoredRow[] {
  const userId = user.slice(user.indexOf('/') + 1);
  return view.conversationsOf(user).flatMap((conversation) =>
    (view.logs.get(conversation) ?? []).filter((row) => {
      if (row.notice || row.sender === userId || !view.maySee(row, userId)) return false;
      const group = view.groups.get(conversation);
      return !group || group.may(userId, row.seq, true);
    }),
  );
}

function sentAreTaken(view: View, records: readonly PushRecord[]): Violation[] {
  const taken = new Set(view.pushes.filter((asked) => asked.taken).map(({ device, id }) => `${device} ${id}`));
  return records.flatMap((record): Violation[] => {
    const { status, phone, user, conversation, seq, providerId = '' } = record;
    const tenant = conversation.slice(0, conversation.indexOf('|'));
    if (status !== 'sent' || taken.has(`${tenant}/${user}/${phone} ${ownId(providerId)}`)) return [];
    const says = `seq ${seq} of ${conversation} is recorded as sent to ${user}/${phone}, and no vendor took it`;
    return [{ invariant: 'I9', says, evidence: [record] }];
  });
}

/** A repeated attempt collapses on the screen. */
function oneNotification(view: View): Violation[] {
  const first = new Map<string, PushAsked>();
  const violations: Violation[] = [];
  for (const asked of view.pushes) {
    const before = first.get(asked.conversation + asked.device);
    if (!before) first.set(asked.conversation + asked.device, asked);
    else if (before.collapseId !== asked.collapseId)
      violations.push({
        invariant: 'I9',
        says: `notifications of ${asked.conversation} on ${asked.device} do not collapse`,
        evidence: [before, asked],
      });
  }
  return violations;
}

/**
 * There is no repeated attempt where the vendor's answer could be noted down. A message that was decided about late goes
 * out under the id of the latest that its phone was told of: then each of the two has its record.
 */
function toldOnce(view: View, records: readonly PushRecord[]): Violation[] {
  const recorded = new Map<string, number>();
  for (const { conversation, user, phone = '', status, providerId } of records) {
    if (status !== 'sent' || providerId === undefined) continue;
    const key = `${conversation.slice(0, conversation.indexOf('|'))}/${user}/${phone} ${ownId(providerId)}`;
    recorded.set(key, (recorded.get(key) ?? 0) + 1);
  }
  const told = new Map<string, PushAsked[]>();
  const violations: Violation[] = [];
  for (const asked of view.pushes) {
    const key = `${asked.device} ${asked.id}`;
    const before = told.get(key) ?? [];
    const last = before.at(-1);
    const hindered = last && view.faultsBetween(last.at - SOON_MS, asked.at);
    if (last && !hindered && before.length >= (recorded.get(key) ?? 0))
      violations.push({
        invariant: 'I9',
        says: `${asked.device} was told of seq ${asked.seq} of ${asked.conversation} again, and nothing was broken`,
        evidence: [last, asked],
      });
    if (asked.taken && asked.status === 200) push(told, key, asked);
  }
  return violations;
}

/** Once a vendor said that nobody has a token any more, only who could not note it down asks again. */
function deadStayDead(view: View): Violation[] {
  const dead = new Map<string, PushAsked>();
  const violations: Violation[] = [];
  for (const asked of view.pushes) {
    const since = dead.get(asked.device);
    if (asked.status === 410 && !since) dead.set(asked.device, asked);
    const hindered = since && view.faultsBetween(since.at, asked.at);
    if (since && !hindered && asked.at > since.at + SOON_MS)
      violations.push({
        invariant: 'I9',
        says: `${asked.device} was pushed to after its vendor had said that the token is dead`,
        evidence: [since, asked],
      });
  }
  return violations;
}
