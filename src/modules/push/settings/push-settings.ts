import type { UserPushSettings } from '../decision';

/** What users and apps want of their pushes. */
export abstract class PushSettings {
  /** Users who never said anything are left out: the app's defaults hold for them. */
  abstract of(appPk: number, userPks: readonly number[]): Promise<ReadonlyMap<number, UserPushSettings>>;
}
