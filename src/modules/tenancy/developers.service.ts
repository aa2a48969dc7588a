import { Injectable } from '@nestjs/common';
import type { DeveloperCaller } from '../../kernel/caller';
import { randomId } from '../../kernel/ids';
import { Settings } from '../../platform/config/settings';
import { PasswordAttempts } from '../../platform/entry/password-attempts';
import { newSecret } from '../../platform/secrets/keys';
import { Passwords } from '../../platform/secrets/passwords';
import { Vault } from '../../platform/secrets/vault';
import { Audit } from './audit';
import { developerView, standingOf, type DeveloperView, type Verification } from './developer-view';
import { DevelopersRepository } from './developers.repository';
import type { SignUpDto, VerificationDto } from './dto/developer.dto';
import { DEVELOPER_SID_PREFIX, KnownDevelopers } from './known-developers';
import { placeOf } from './sealed-places';

/** A developer with its auth token in clear: after signing up and after a rotation. */
export type DeveloperWithToken = DeveloperView & { authToken: string };

/** The line in which developers' passwords wait. */
export const DEVELOPERS = 'developers';

/** What developers do with their own account. */
@Injectable()
export class DevelopersService {
  constructor(
    private readonly repository: DevelopersRepository,
    private readonly vault: Vault,
    private readonly passwords: Passwords,
    private readonly passwordAttempts: PasswordAttempts,
    private readonly settings: Settings,
    private readonly known: KnownDevelopers,
    private readonly audit: Audit,
  ) {}

  /**
   * Throws ALREADY_EXISTS (field `email`), RATE_LIMITED or BUSY.
   * @param address who signs up; absent for what this process makes itself
   */
  async signUp({ email, password, name }: SignUpDto, address?: string): Promise<DeveloperWithToken> {
    const passwordHash = await (address === undefined
      ? this.passwords.hashChosen(password, { group: DEVELOPERS, owner: DEVELOPERS })
      : this.passwordAttempts.hash({ tenant: DEVELOPERS, address }, password));
    const accountSid = randomId(28, DEVELOPER_SID_PREFIX);
    const authToken = newSecret();
    const row = await this.repository.insert({
      accountSid,
      ...this.proofsOf(accountSid, authToken),
      email: email.toLowerCase(),
      passwordHash,
      name,
      status: 'unverified',
      verification: null,
      quotas: null,
      plan: 'unlimited',
      verifiedAt: null,
    });
    this.audit.record('anyone', 'developer.signed-up', { accountSid });
    return { ...developerView(row), authToken };
  }

  async me(caller: DeveloperCaller): Promise<DeveloperView> {
    return developerView(await this.repository.byPk(caller.developerPk));
  }

  /** The console shows it again (Y2). */
  async authToken(caller: DeveloperCaller): Promise<{ accountSid: string; authToken: string }> {
    const { accountSid, authTokenSealed } = await this.repository.byPk(caller.developerPk);
    this.audit.record(caller, 'developer.auth-token-shown', {});
    return { accountSid, authToken: this.vault.open(authTokenSealed, placeOf.authToken(accountSid)) };
  }

  /** The one before ends at once. */
  async rotateAuthToken(caller: DeveloperCaller): Promise<DeveloperWithToken> {
    const authToken = newSecret();
    const { row, appPks } = await this.repository.change(caller.accountSid, () =>
      this.proofsOf(caller.accountSid, authToken),
    );
    await this.known.changed(row.id, appPks);
    this.audit.record(caller, 'developer.auth-token-rotated', {});
    return { ...developerView(row), authToken };
  }

  /** Asks to be verified, again after a rejection. Once verified, nothing more is asked and nothing changes. */
  async requestVerification(caller: DeveloperCaller, asked: VerificationDto): Promise<DeveloperView> {
    const automatic = this.settings.security.autoVerifyDevelopers;
    const { row, appPks } = await this.repository.change(caller.accountSid, (before) => {
      if (before.verifiedAt) return undefined;
      const after = {
        verification: JSON.stringify(this.submission(caller.accountSid, asked)),
        verifiedAt: automatic ? new Date() : null,
      };
      return { ...after, status: before.status === 'suspended' ? before.status : standingOf(after) };
    });
    await this.known.changed(row.id, appPks);
    this.audit.record(caller, 'developer.verification-requested', { status: row.status });
    return developerView(row);
  }

  private submission(
    accountSid: string,
    { kind = 'person', name, idNumber, contact, note }: VerificationDto,
  ): Verification {
    return {
      kind,
      name,
      ...(idNumber && { idNumberSealed: this.vault.seal(idNumber, placeOf.idNumber(accountSid)).toString('base64') }),
      ...(contact && { contact }),
      ...(note && { note }),
      submittedAt: new Date().toISOString(),
    };
  }

  private proofsOf(accountSid: string, authToken: string): { authTokenSealed: Buffer; authTokenHash: Buffer } {
    return {
      authTokenSealed: this.vault.seal(authToken, placeOf.authToken(accountSid)),
      authTokenHash: this.vault.keyedHash(authToken),
    };
  }
}
