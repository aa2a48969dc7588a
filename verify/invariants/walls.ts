import { type Probe, type Revoked, userOf } from '../history';
import { afterTheEnd } from './exclusions';
import { groupEntitlement } from './groups';
import { roomEntitlement } from './rooms';
import type { View, Violation } from './view';

const wrongAnswers = (view: View, invariant: 'I11' | 'I12'): Violation[] =>
  view.events
    .filter((event): event is Probe => event.type === 'probe' && event.invariant === invariant)
    .filter(({ expected, got }) => expected !== got)
    .map((probe) => ({
      invariant,
      says: `${probe.asks}: ${probe.got} instead of ${probe.expected}`,
      evidence: [probe],
    }));

/** I11: nothing of one tenant is ever shown to another. */
export function tenantsApart(view: View): Violation[] {
  const violations = wrongAnswers(view, 'I11');
  for (const event of view.events) {
    if (event.type === 'canary')
      violations.push({
        invariant: 'I11',
        says: `${event.device} was shown something of ${event.of} in ${event.where}`,
        evidence: [event],
      });
  }
  return violations;
}

/** I12: who is no member is shown nothing; who was shut out, and the asker told so, sends and connects no more. */
export function entitlement(view: View): Violation[] {
  const violations = [
    ...wrongAnswers(view, 'I12'),
    ...groupEntitlement(view),
    ...roomEntitlement(view),
    ...afterTheEnd(view),
  ];
  const revoked = new Map<string, Revoked>();
  for (const event of view.events) if (event.type === 'revoked') revoked.set(event.device, event);
  for (const { oks, invokes } of view.stories.values()) {
    for (const ok of oks) {
      const end = revoked.get(ok.device);
      const invoke = invokes.find(({ attempt }) => attempt === ok.attempt);
      // A repeat may be told that it had been stored before the end.
      if (!end || !invoke || ok.duplicate || invoke.at <= end.at) continue;
      violations.push({
        invariant: 'I12',
        says: `${ok.device} sent ${ok.id} after its session had been ended`,
        evidence: [end, invoke, ok],
      });
    }
  }
  for (const event of view.events) {
    if (event.type === 'conn') {
      const end = revoked.get(event.device);
      if (end && event.began > end.at)
        violations.push({
          invariant: 'I12',
          says: `${event.device} was let in after its session had been ended`,
          evidence: [end, event],
        });
    }
    if (event.type === 'recv') {
      const members = view.groups.has(event.conversation) ? undefined : view.final.members.get(event.conversation);
      if (members && !members.includes(userOf(event.device)))
        violations.push({
          invariant: 'I12',
          says: `${event.device} was shown ${event.conversation}, where it does not belong`,
          evidence: [event],
        });
    }
  }
  return violations;
}
