import { Injectable } from '@nestjs/common';
import type { OperatorCaller } from '../../kernel/caller';
import { Settings } from '../../platform/config/settings';
import { Credentials, type CredentialVerifier } from '../../platform/entry/credentials';
import { sameSecret } from '../../platform/secrets/keys';

/** `Authorization: Bearer <OPERATOR_TOKEN>`. Any other bearer token is somebody else's to judge. */
@Injectable()
export class OperatorVerifier implements CredentialVerifier {
  readonly scheme = 'bearer';

  constructor(
    private readonly settings: Settings,
    credentials: Credentials,
  ) {
    credentials.register(this);
  }

  verify(credential: string): Promise<OperatorCaller | undefined> {
    const { operatorToken } = this.settings.security;
    const holds = operatorToken !== undefined && sameSecret(credential, operatorToken);
    return Promise.resolve(holds ? { kind: 'operator' } : undefined);
  }
}
