import type { ProviderName, PushChannel } from './provider';

/** Whether an app can push through a vendor now. */
export type CredentialState = 'ready' | 'paused';

/** The open channels of this process: one an app, a vendor and a version of the credential. */
export abstract class PushChannels {
  /** Undefined without a credential, and while it is paused. */
  abstract of(appPk: number, provider: ProviderName): Promise<PushChannel | undefined>;
  /** Which vendors these apps have credentials for; apps without any are left out. One query at most, and cached. */
  abstract states(appPks: readonly number[]): Promise<ReadonlyMap<number, ReadonlyMap<ProviderName, CredentialState>>>;
  /** The credential is no good: nothing goes out until another is uploaded, and the app is told why. */
  abstract pause(appPk: number, provider: ProviderName, reason: string): Promise<void>;
  /** Closes the channel; the next `of` reads the credential again. */
  abstract forget(appPk: number, provider: ProviderName): void;
}
