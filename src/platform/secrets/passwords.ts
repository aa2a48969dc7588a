import { Injectable } from '@nestjs/common';
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { FairConcurrencyLimiter, type TaskOwner } from '../concurrency/fair-concurrency-limiter';
import { Vault } from './vault';

interface Cost {
  /** log2 of N. */
  logN: number;
  r: number;
  p: number;
}

/** As strong as N = 2^17 with p = 1, in a quarter of its memory: 32 MiB a password (security.md, 4.5). */
const COST: Cost = { logN: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Two at once leave half of libuv's threads to files and DNS; and a core is left to everything else where there are two. */
const AT_ONCE = Math.max(1, Math.min(2, availableParallelism() - 1));
const WAITING_MAX = 500;
const WAITING_OF_ONE_MAX = 10;
/** Clients give up a login after 20 s. */
const WAIT_MAX_MS = 15_000;

export interface PasswordProof {
  ok: boolean;
  /** The password is right but was hashed at another cost: store `hashChosen` of it again. */
  rehash: boolean;
}

/**
 * Passwords at rest. The prefix tells how: `scrypt$15,8,3$salt$hash` for those that people choose, `keyed$hash` for
 * generated ones, which have 128 random bits and more and so need no slow hash. Slow hashes wait by turns of apps and
 * addresses; how many an address may ask for is said by PasswordAttempts, through which the doors come here.
 */
@Injectable()
export class Passwords {
  private readonly limiter = new FairConcurrencyLimiter({
    atOnce: AT_ONCE,
    waitingMax: WAITING_MAX,
    waitingOfOneMax: WAITING_OF_ONE_MAX,
    waitMaxMs: WAIT_MAX_MS,
    retryAfterMs: () => 1000,
  });

  constructor(private readonly vault: Vault) {}

  /** Takes some 0.1–0.3 s of one core, when its turn comes. Throws BUSY when too many wait. */
  async hashChosen(password: string, owner: TaskOwner): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const hash = await this.stretch(password, salt, COST, owner);
    return ['scrypt', `${COST.logN},${COST.r},${COST.p}`, salt.toString('base64url'), hash.toString('base64url')].join(
      '$',
    );
  }

  /** For passwords of 128 random bits and more, made by `newSecret` or alike. */
  hashGenerated(password: string): string {
    return `keyed$${this.vault.keyedHash(password).toString('base64url')}`;
  }

  /** Whether this is the generated password that is stored; nothing stored takes as long as a wrong one. */
  isGenerated(password: string, stored: string | null | undefined): boolean {
    const [kind, hash = ''] = stored?.split('$') ?? [];
    const kept = kind === 'keyed' ? Buffer.from(hash, 'base64url') : Buffer.alloc(HASH_BYTES);
    return this.vault.matches(password, kept) && kind === 'keyed';
  }

  /**
   * Whether the password is the stored chosen one. Nothing stored (an unknown account, or one without a password that
   * was chosen) costs what a wrong password costs, so that the time does not tell them apart.
   */
  async verify(password: string, stored: string | null | undefined, owner: TaskOwner): Promise<PasswordProof> {
    const [kind, ...parts] = stored?.split('$') ?? [];
    if (kind === 'scrypt') return this.verifyChosen(password, parts, owner);
    await this.stretch(password, Buffer.alloc(SALT_BYTES), COST, owner);
    return { ok: false, rehash: false };
  }

  private async verifyChosen(
    password: string,
    [cost = '', salt = '', hash = '']: string[],
    owner: TaskOwner,
  ): Promise<PasswordProof> {
    const [logN = 0, r = 0, p = 0] = cost.split(',').map(Number);
    const expected = Buffer.from(hash, 'base64url');
    const given = await this.stretch(password, Buffer.from(salt, 'base64url'), { logN, r, p }, owner);
    const ok = expected.length === given.length && timingSafeEqual(given, expected);
    return { ok, rehash: ok && (logN !== COST.logN || r !== COST.r || p !== COST.p) };
  }

  private stretch(password: string, salt: Buffer, { logN, r, p }: Cost, owner: TaskOwner): Promise<Buffer> {
    // Node refuses above `maxmem`, 32 MiB by default, which is just below what the cost needs.
    const options = { N: 2 ** logN, r, p, maxmem: 256 * 2 ** logN * r };
    return this.limiter.run(
      owner,
      () =>
        new Promise<Buffer>((resolve, reject) =>
          // The same letters typed on two systems may come in two Unicode forms.
          scrypt(password.normalize('NFC'), salt, HASH_BYTES, options, (error, key) =>
            error ? reject(error) : resolve(key),
          ),
        ),
    );
  }
}
