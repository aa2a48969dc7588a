import { Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { TenantCaller } from '../../../kernel/caller';
import { Allow } from '../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../platform/entry/current-caller.decorator';
import { PageQuery } from '../../../platform/entry/page-query';
import { SuperAdminsService } from './super-admins.service';

/** Super-admins: users who may do in every room of the app what its server may. */
@ApiTags('Chatrooms')
@Controller('v1/chatroom-super-admins')
export class SuperAdminsController {
  constructor(private readonly superAdmins: SuperAdminsService) {}

  /** The super-admins of the app. */
  @Get()
  @Allow('user', 'app')
  list(@CurrentCaller() caller: TenantCaller, @Query() query: PageQuery) {
    return this.superAdmins.list(caller, query);
  }

  /** Makes a user a super-admin. */
  @Put(':userId')
  @Allow('user', 'app')
  @HttpCode(204)
  appoint(@CurrentCaller() caller: TenantCaller, @Param('userId') userId: string): Promise<void> {
    return this.superAdmins.set(caller, userId, true);
  }

  /** Takes the role of super-admin away. */
  @Delete(':userId')
  @Allow('user', 'app')
  @HttpCode(204)
  dismiss(@CurrentCaller() caller: TenantCaller, @Param('userId') userId: string): Promise<void> {
    return this.superAdmins.set(caller, userId, false);
  }
}
