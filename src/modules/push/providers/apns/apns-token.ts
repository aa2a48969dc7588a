import jwt from 'jsonwebtoken';

/** Apple refuses a token that is older than an hour, and a sender that makes a new one more often than every 20 minutes. */
const LIVES_MS = 55 * 60_000;

export interface ApnsSigningKey {
  key: string;
  keyId: string;
  teamId: string;
}

/** The provider token of one signing key: made once for everybody, and again in time. */
export class ApnsToken {
  private text: string;
  private madeAt: number;

  /** @throws Error when nothing can be signed with this key */
  constructor(private readonly signing: ApnsSigningKey) {
    this.text = this.made();
    this.madeAt = Date.now();
  }

  /** The header `authorization`. */
  get authorization(): string {
    if (Math.abs(Date.now() - this.madeAt) >= LIVES_MS) this.renew();
    return this.text;
  }

  /** Apple called this one too old: the next request has another, unless it has already. */
  expired(authorization: string): void {
    if (authorization === this.text) this.renew();
  }

  private renew(): void {
    this.text = this.made();
    this.madeAt = Date.now();
  }

  private made(): string {
    const { key, keyId, teamId } = this.signing;
    return `bearer ${jwt.sign({}, key, { algorithm: 'ES256', issuer: teamId, keyid: keyId })}`;
  }
}
