import { Global, Module } from '@nestjs/common';
import { Drainables } from './drainables';

/** How a process ends in good order. */
@Global()
@Module({ providers: [Drainables], exports: [Drainables] })
export class LifecycleModule {}
