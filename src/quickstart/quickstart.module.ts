import { Module } from '@nestjs/common';
import { AccountsModule } from '../modules/accounts';
import { TenancyModule } from '../modules/tenancy';
import { QuickstartService } from './quickstart.service';

/** Something to talk to after the first start of a private database. */
@Module({ imports: [TenancyModule, AccountsModule], providers: [QuickstartService] })
export class QuickstartModule {}
