import type { ProviderAnswer } from '../provider';

export interface Grant {
  readonly token: string;
  readonly expiresInSeconds: number;
}

/** A new one is asked for this long before the old one ends. */
const EARLY_MS = 60_000;

/** A vendor's access token: asked for once for everybody who waits, kept until shortly before it ends. */
export class AccessTokens {
  private current: { token: string; until: number } | undefined;
  private asking: Promise<Grant | ProviderAnswer> | undefined;

  /** `ask` answers what came of it where there is no token. */
  constructor(private readonly ask: () => Promise<Grant | ProviderAnswer>) {}

  async get(): Promise<string | ProviderAnswer> {
    if (this.current && this.current.until > Date.now()) return this.current.token;
    this.asking ??= this.renew().finally(() => (this.asking = undefined));
    const granted = await this.asking;
    return 'outcome' in granted ? granted : granted.token;
  }

  /** The vendor refused this token: the next one who asks gets a new one. */
  drop(token: string): void {
    if (this.current?.token === token) this.current = undefined;
  }

  private async renew(): Promise<Grant | ProviderAnswer> {
    const granted = await this.ask();
    if (!('outcome' in granted)) {
      this.current = { token: granted.token, until: Date.now() + granted.expiresInSeconds * 1000 - EARLY_MS };
    }
    return granted;
  }
}
