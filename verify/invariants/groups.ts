import { type Change, type Received, userIdOf } from '../history';
import { changeKey } from './group-story';
import { push, type View, type Violation } from './view';

/** Kinds of which each acknowledged change has a notice; others may find that nothing is to be changed. */
const ALWAYS_TOLD = new Set<Change['kind']>(['created', 'left', 'removed', 'dissolved']);

/** I1, I2 and I3 for changes: each acknowledged one is a line of the log, each line was asked for, and once. */
export function changesTold(view: View, invariant: 'I1' | 'I2' | 'I3'): Violation[] {
  const asked = new Map<string, Change[]>();
  for (const change of view.changes)
    if (isGroup(change.conversation)) push(asked, changeKey(change.conversation, change), change);
  const violations: Violation[] = [];
  for (const [key, changes] of asked) {
    const notices = view.notices.get(key) ?? [];
    const certain = changes.filter(({ outcome, kind, banned }) => outcome === 'ok' && ALWAYS_TOLD.has(kind) && !banned);
    const possible = changes.filter(({ outcome }) => outcome !== 'fail');
    if (invariant === 'I1' && notices.length < certain.length)
      violations.push({
        invariant,
        says: `"${key}" was acknowledged ${certain.length} times and stands ${notices.length} times in the log`,
        evidence: [...certain.slice(0, 2), ...notices.slice(0, 2)],
      });
    if (invariant === 'I3' && possible.length > 0 && notices.length > possible.length)
      violations.push({
        invariant,
        says: `"${key}" was asked for ${possible.length} times and stands ${notices.length} times in the log`,
        evidence: notices.slice(0, 3),
      });
  }
  if (invariant !== 'I2') return violations;
  for (const [key, notices] of view.notices) {
    const changes = asked.get(key) ?? [];
    if (changes.every(({ outcome }) => outcome === 'fail'))
      violations.push({
        invariant,
        says: `"${key}" stands in the log and ${changes.length > 0 ? 'was refused' : 'nobody asked for it'}`,
        evidence: [...notices.slice(0, 2), ...changes.slice(0, 2)],
      });
  }
  return violations;
}

/** I12 in groups: the log tells one story, the tables tell the same, and nobody saw or said anything outside it. */
export function groupEntitlement(view: View): Violation[] {
  return [...oneStory(view), ...seenInside(view), ...directedToOthers(view)];
}

function oneStory(view: View): Violation[] {
  const violations: Violation[] = [];
  for (const [conversation, story] of view.groups) {
    for (const { says, rows } of story.contradictions) violations.push({ invariant: 'I12', says, evidence: rows });
    const stored = view.final.groups.get(conversation);
    const differs = (says: string, seq?: number): void => {
      const notice = seq === undefined ? undefined : view.rowAt({ conversation, seq });
      violations.push({ invariant: 'I12', says, evidence: notice ? [notice] : [] });
    };
    const told = story.members.sort().join(', ');
    const known = [...(stored?.members ?? [])].sort().join(', ');
    if (told !== known) differs(`the log of ${conversation} has ${told} in it, its tables ${known}`);
    for (const [user, { joinSeq, hearSeq, leaveSeq }] of stored?.windows ?? []) {
      const last = story.windows.get(user)?.at(-1);
      if (last?.from !== joinSeq || last.heard !== hearSeq || (last.to ?? null) !== leaveSeq)
        differs(
          `${user} may read ${conversation} from ${joinSeq} (hears from ${hearSeq}) to ${leaveSeq ?? 'the end'}; ` +
            `its log says ${JSON.stringify(last ?? 'never')}`,
          last?.to ?? last?.heard,
        );
    }
  }
  return violations;
}

/** Whatever was shown lies in a window of who was shown it; live frames in what was said while it was in. */
function seenInside(view: View): Violation[] {
  const violations: Violation[] = [];
  for (const event of view.events) {
    if (event.type !== 'recv') continue;
    const story = view.groups.get(event.conversation);
    const user = userIdOf(event.device);
    if (!story || story.may(user, event.seq, event.via === 'live')) continue;
    const windows = JSON.stringify(story.windows.get(user) ?? []);
    violations.push({
      invariant: 'I12',
      says: `${event.device} was shown seq ${event.seq} of ${event.conversation}, outside its windows ${windows}`,
      evidence: [event],
    });
  }
  return violations;
}

/** The content of a directed message is shown to its sender and to those it names, and to nobody else. */
function directedToOthers(view: View): Violation[] {
  const violations: Violation[] = [];
  for (const event of view.events) {
    if (event.type !== 'recv' || event.hidden) continue;
    const row = view.rowAt(event);
    if (!row || view.maySee(row, userIdOf(event.device))) continue;
    violations.push({
      invariant: 'I12',
      says: `${event.device} was shown seq ${event.seq} of ${event.conversation}, which is directed to others`,
      evidence: [row, event],
    });
  }
  return violations;
}

/** In I7: where a device was shown no more than the place of something that it may see. */
export function veiledWrongly(view: View): Violation[] {
  const wrong = (event: Received): boolean => {
    const row = view.rowAt(event);
    return event.hidden === true && row !== undefined && view.maySee(row, userIdOf(event.device));
  };
  return view.events
    .filter((event): event is Received => event.type === 'recv' && wrong(event))
    .map((event) => ({
      invariant: 'I7' as const,
      says: `${event.device} was shown only the place of seq ${event.seq} of ${event.conversation}, which it may see`,
      evidence: [event],
    }));
}

/** Rooms have no notices: nobody reads there what was before. */
const isGroup = (conversation: string): boolean => conversation.includes('|group:');
