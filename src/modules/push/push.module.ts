import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts';
import { ConversationsModule } from '../conversations';
import { TenancyModule } from '../tenancy';

/** Notifications by Apple, Google and others: who gets one, what it says, and what became of it. */
@Module({
  imports: [TenancyModule, ConversationsModule, AccountsModule],
})
export class PushModule {}
