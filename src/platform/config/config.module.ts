import { Global, Module } from '@nestjs/common';
import { NodeIdentity } from './node-identity';
import { readSettings } from './read-settings';
import { Settings } from './settings';

/** Settings are injected by class: `constructor(private readonly settings: Settings)`. */
@Global()
@Module({
  providers: [{ provide: Settings, useFactory: () => readSettings() }, NodeIdentity],
  exports: [Settings, NodeIdentity],
})
export class ConfigModule {}
