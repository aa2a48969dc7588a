import type { Visibility } from './group.entity';

/** What becomes of somebody who asks to come in. */
export interface JoinPolicy {
  readonly atOnce: boolean;
}

/** A public group lets everybody in; a private one asks its owner and admins (acceptance Y19). */
const POLICIES: Record<Visibility, JoinPolicy> = {
  public: { atOnce: true },
  private: { atOnce: false },
};

export const joinPolicyOf = (visibility: Visibility): JoinPolicy => POLICIES[visibility];
