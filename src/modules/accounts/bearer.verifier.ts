import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { Credentials, type CredentialVerifier } from '../../platform/entry/credentials';
import { appRefOf } from '../tenancy';
import { SessionProofs } from './session-proofs';
import { parseToken } from './user-token';
import { UserTokens } from './user-tokens.service';

/** Proves user tokens for REST; what does not look like one is left to others (the operator's token). */
@Injectable()
export class BearerVerifier implements CredentialVerifier {
  readonly scheme = 'bearer';

  constructor(
    credentials: Credentials,
    private readonly tokens: UserTokens,
    private readonly proofs: SessionProofs,
  ) {
    credentials.register(this);
  }

  async verify(credential: string): Promise<UserCaller | undefined> {
    if (!parseToken(credential)) return undefined;
    const { app, claims, kid } = await this.tokens.prove(credential);
    const state = await this.proofs.ofLogin(app.pk, claims.sid);
    if (state.userId !== claims.sub || claims.ver < state.tokenVersion) throw new AppError('TOKEN_REVOKED');
    return {
      kind: 'user',
      app: appRefOf(app),
      userPk: state.userPk,
      userId: state.userId,
      sessionPk: state.sessionPk,
      sessionId: state.sessionId,
      authVersion: state.authVersion,
      tokenIssuedAt: claims.iat,
      tokenKid: kid,
    };
  }
}
