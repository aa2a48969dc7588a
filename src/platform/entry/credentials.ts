import { Injectable } from '@nestjs/common';
import type { Caller } from '../../kernel/caller';

/** What else of the request a proof may depend on. */
export interface CredentialContext {
  /** The X-App-Id header: a developer acting as the app server of its own app. */
  appId?: string;
  /** The caller's network address, for throttling. */
  address: string;
  /** Whether an e-mail with a password is a credential here. */
  takesPassword?: boolean;
}

/** A module that can prove a kind of credential. */
export interface CredentialVerifier {
  readonly scheme: 'basic' | 'bearer';
  /**
   * The caller that this credential proves; undefined when it is not of this verifier's kind (the next one is asked).
   * Throws BAD_CREDENTIALS, TOKEN_EXPIRED, TOKEN_REVOKED, APP_NOT_ONLINE … when it is, but does not hold.
   * `credential` is what follows the scheme in the Authorization header; for `basic` already decoded to `name:secret`.
   */
  verify(credential: string, context: CredentialContext): Promise<Caller | undefined>;
}

/** Where modules register what they can prove; the doors ask it, and know no module. */
@Injectable()
export class Credentials {
  private readonly verifiers: CredentialVerifier[] = [];
  private readonly last: CredentialVerifier[] = [];

  /** @param last asked about what no other knows, whenever it was registered */
  register(verifier: CredentialVerifier, { last = false } = {}): void {
    (last ? this.last : this.verifiers).push(verifier);
  }

  async prove(scheme: string, credential: string, context: CredentialContext): Promise<Caller | undefined> {
    for (const verifier of [...this.verifiers, ...this.last]) {
      if (verifier.scheme !== scheme) continue;
      const caller = await verifier.verify(credential, context);
      if (caller) return caller;
    }
    return undefined;
  }
}
