import { Global, Module } from '@nestjs/common';
import { Passwords } from './passwords';
import { Vault } from './vault';

/** Secrets at rest and passwords. Needs Settings, which the global ConfigModule provides. */
@Global()
@Module({ providers: [Vault, Passwords], exports: [Vault, Passwords] })
export class SecretsModule {}
