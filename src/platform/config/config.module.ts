import { Global, Module } from '@nestjs/common';
import { readSettings, Settings } from './settings';

/** Settings are injected by class: `constructor(private readonly settings: Settings)`. */
@Global()
@Module({ providers: [{ provide: Settings, useFactory: () => readSettings() }], exports: [Settings] })
export class ConfigModule {}
