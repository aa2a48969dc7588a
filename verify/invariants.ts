/** The properties that must hold whatever breaks (protocol.md §2.14), as pure functions over a history. */
import type { Event, FinalState, InvariantName } from './history';
import { convergence, marksOnlyRise } from './invariants/devices';
import { causalOrder, oneOrder } from './invariants/order';
import { pushesAccounted, workIsDone } from './invariants/pushes';
import { gapless, noAckedMessageLost, noDuplicate, nothingFromNowhere } from './invariants/stored';
import { View, type Violation } from './invariants/view';
import { entitlement, tenantsApart } from './invariants/walls';

export type { Violation } from './invariants/view';

interface Invariant {
  says: string;
  violations: (view: View) => Violation[];
}

export const INVARIANTS: Readonly<Record<InvariantName, Invariant>> = {
  I1: { says: 'no acknowledged message is lost', violations: noAckedMessageLost },
  I2: { says: 'nothing comes from nowhere', violations: nothingFromNowhere },
  I3: { says: 'no message is doubled', violations: noDuplicate },
  I4: { says: 'no log has a gap', violations: gapless },
  I5: { says: 'everybody sees one order', violations: oneOrder },
  I6: { says: 'the order keeps causes before effects', violations: causalOrder },
  I7: { says: 'every device converges', violations: convergence },
  I8: { says: 'marks only rise, unread is exact', violations: marksOnlyRise },
  I9: { says: 'every push has one recorded end', violations: pushesAccounted },
  I10: { says: 'nothing owed is left undone', violations: workIsDone },
  I11: { says: 'tenants stay apart', violations: tenantsApart },
  I12: { says: 'only the entitled see and speak', violations: entitlement },
};
export const INVARIANT_NAMES = Object.keys(INVARIANTS) as InvariantName[];

/** Every violation of every invariant; the ones with the shortest evidence come first within each. */
export function check(events: readonly Event[], final: FinalState): Violation[] {
  const view = new View(events, final);
  return INVARIANT_NAMES.flatMap((name) =>
    INVARIANTS[name].violations(view).sort((a, b) => a.evidence.length - b.evidence.length),
  );
}
