import { Module } from '@nestjs/common';
import { Apps } from './apps';
import { AppsController } from './apps.controller';
import { AppsRepository } from './apps.repository';
import { AppsService } from './apps.service';
import { Audit } from './audit';
import { BasicVerifier } from './basic.verifier';
import { DevelopersController } from './developers.controller';
import { DevelopersRepository } from './developers.repository';
import { DevelopersService } from './developers.service';
import { KnownDevelopers } from './known-developers';
import { LimitsController } from './limits.controller';
import { LimitsService } from './limits.service';
import { OperatorController } from './operator.controller';
import { OperatorService } from './operator.service';
import { OperatorVerifier } from './operator.verifier';
import { Provisioning } from './provisioning';

/**
 * Developers, apps, their credentials and quotas. Needs the global modules of settings, database, secrets, entry
 * (Credentials) and realtime (Live).
 */
@Module({
  controllers: [DevelopersController, OperatorController, AppsController, LimitsController],
  providers: [
    DevelopersRepository,
    AppsRepository,
    KnownDevelopers,
    Apps,
    Audit,
    DevelopersService,
    OperatorService,
    AppsService,
    LimitsService,
    BasicVerifier,
    OperatorVerifier,
    Provisioning,
  ],
  exports: [Apps, Audit, Provisioning],
})
export class TenancyModule {}
