import { type Change, type Pulled, type Received, type SendInvoke, type SendOk, userIdOf, userOf } from '../history';
import { push, type View, type Violation } from './view';

type What = 'gone' | 'banned' | 'muted';

/** Somebody was put out of a group or a room, or muted there, and whoever asked for it knows. */
interface Exclusion {
  what: What;
  change: Change;
}

const SAYS: Readonly<Record<What, string>> = { gone: 'is out', banned: 'is banned', muted: 'is muted' };
const WHAT: Partial<Record<Change['kind'], What>> = { left: 'gone', removed: 'gone', banned: 'banned', muted: 'muted' };
const UNDOES: Readonly<Record<What, readonly Change['kind'][]>> = {
  gone: ['created', 'joined'],
  banned: ['unbanned'],
  muted: ['unmuted'],
};

/**
 * I12: what was begun after somebody's exclusion had been acknowledged, and before anything that might undo it had been
 * asked for, fails; and nobody put out is shown what was said since.
 */
export function afterTheEnd(view: View): Violation[] {
  const exclusions = exclusionsOf(view);
  const violations: Violation[] = [];
  const look = (
    conversation: string,
    userId: string,
    { began, at, mayListen = false }: { began: number; at: number; mayListen?: boolean },
    did: string,
    evidence: (SendInvoke | SendOk | Pulled | Received)[],
  ): void => {
    const broken = (exclusions.get(`${conversation} ${userId}`) ?? []).find(
      (one) => !(mayListen && one.what === 'muted') && stands(view, one, began, at),
    );
    if (!broken) return;
    const says = `${userId} ${did} ${conversation} after it was acknowledged that it ${SAYS[broken.what]}`;
    violations.push({ invariant: 'I12', says, evidence: [broken.change, ...evidence] });
  };
  for (const { oks, invokes } of view.stories.values()) {
    for (const ok of oks) {
      const invoke = invokes.find(({ attempt }) => attempt === ok.attempt);
      if (!invoke || ok.duplicate || view.byServer(ok.device)) continue;
      look(ok.conversation, ok.sender, { began: invoke.at, at: ok.at }, 'sent to', [invoke, ok]);
    }
  }
  for (const event of view.events) {
    const who = userIdOf(event.device);
    if (event.type === 'pull' && event.seqs.length > 0)
      look(event.conversation, who, { began: event.began, at: event.at, mayListen: true }, 'read', [event]);
    if (event.type !== 'recv' || event.via !== 'live') continue;
    const [invoke] = view.storyOf(event)?.invokes ?? [];
    if (invoke)
      look(event.conversation, who, { began: invoke.at, at: event.at, mayListen: true }, 'heard', [invoke, event]);
  }
  return violations;
}

/** By conversation and user. */
function exclusionsOf(view: View): Map<string, Exclusion[]> {
  const exclusions = new Map<string, Exclusion[]>();
  for (const change of view.changes) {
    const what = WHAT[change.kind];
    if (change.outcome !== 'ok' || change.all || !what) continue;
    for (const user of change.users) push(exclusions, `${change.conversation} ${user}`, { what, change });
  }
  return exclusions;
}

/** Acknowledged before `began`, and nothing that might undo it was asked for in time to be done by `at`. */
function stands(view: View, { what, change }: Exclusion, began: number, at: number): boolean {
  if (change.at >= began) return false;
  const undone = view.changesOf(change.conversation).some((other) => {
    if (!UNDOES[what].includes(other.kind) || other.all || other.outcome === 'fail') return false;
    if (other.began > at || other.at < change.began) return false;
    return other.users.some((user) => change.users.includes(user));
  });
  if (undone || what !== 'gone') return !undone;
  // Who is put out of a room may join again.
  return !view.joins.some(
    (join) =>
      join.conversation === change.conversation &&
      join.at <= at &&
      join.answeredAt >= change.began &&
      change.users.some((user) => `${userOf(change.device).split('/')[0]}/${user}` === userOf(join.device)),
  );
}
