import { Injectable } from '@nestjs/common';
import type { OperatorCaller } from '../../kernel/caller';
import { Credentials, type CredentialContext, type CredentialVerifier } from '../../platform/entry/credentials';
import { OperatorToken } from '../../platform/entry/operator-token';

/** `Authorization: Bearer <OPERATOR_TOKEN>`. Asked last: what no other verifier knows is a guess at it. */
@Injectable()
export class OperatorVerifier implements CredentialVerifier {
  readonly scheme = 'bearer';

  constructor(
    private readonly token: OperatorToken,
    credentials: Credentials,
  ) {
    credentials.register(this, { last: true });
  }

  /** Throws RATE_LIMITED to an address that guessed too often. */
  async verify(credential: string, { address }: CredentialContext): Promise<OperatorCaller | undefined> {
    return (await this.token.isRight(credential, address)) ? { kind: 'operator' } : undefined;
  }
}
