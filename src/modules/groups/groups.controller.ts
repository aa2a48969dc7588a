import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AppCaller, TenantCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { Idempotent } from '../../platform/entry/http/idempotency.interceptor';
import { PageQuery } from '../../platform/entry/page-query';
import { AnnouncementDto } from '../conversations';
import { CreateGroupDto, PatchGroupDto, ReadersQuery } from './dto/group.dto';
import { GroupsService } from './groups.service';
import { ReadersService } from './readers.service';
import { SeqParam } from './seq.pipe';

@ApiTags('Groups')
@Controller('v1/groups')
export class GroupsController {
  constructor(
    private readonly groups: GroupsService,
    private readonly readers: ReadersService,
  ) {}

  /** A user makes a group of its own; the app's server names the owner. Initial members are in at once. */
  @Post()
  @Allow('user', 'app')
  @Idempotent()
  create(@CurrentCaller() caller: TenantCaller, @Body() wanted: CreateGroupDto) {
    return this.groups.create(caller, wanted);
  }

  /** All groups to the app's server, the cards of public ones to users. */
  @Get()
  @Allow('user', 'app')
  list(@CurrentCaller() caller: TenantCaller, @Query() query: PageQuery) {
    return this.groups.list(caller, query);
  }

  /** Everything to members, a public group's card to others. */
  @Get(':groupId')
  @Allow('user', 'app')
  get(@CurrentCaller() caller: TenantCaller, @Param('groupId') groupId: string) {
    return this.groups.get(caller, groupId);
  }

  /** Changes what the group is called, who sees it and what it lets members do; by the owner. */
  @Patch(':groupId')
  @Allow('user', 'app')
  change(@CurrentCaller() caller: TenantCaller, @Param('groupId') groupId: string, @Body() patch: PatchGroupDto) {
    return this.groups.change(caller, groupId, patch);
  }

  /** Dissolves it, by the owner. Its id is never used again. */
  @Delete(':groupId')
  @Allow('user', 'app')
  @HttpCode(204)
  dissolve(@CurrentCaller() caller: TenantCaller, @Param('groupId') groupId: string): Promise<void> {
    return this.groups.dissolve(caller, groupId);
  }

  /** Sets the announcement, by the owner and admins; an empty text takes it away. */
  @Put(':groupId/announcement')
  @Allow('user', 'app')
  announce(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Body() { text }: AnnouncementDto,
  ) {
    return this.groups.announce(caller, groupId, text);
  }

  /** Suspends the group: nobody but the app's server speaks, joins or changes anything until it is lifted. */
  @Put(':groupId/suspension')
  @Allow('app')
  suspend(@CurrentCaller() caller: AppCaller, @Param('groupId') groupId: string) {
    return this.groups.suspend(caller, groupId, true);
  }

  /** Ends a suspension. */
  @Delete(':groupId/suspension')
  @Allow('app')
  resume(@CurrentCaller() caller: AppCaller, @Param('groupId') groupId: string) {
    return this.groups.suspend(caller, groupId, false);
  }

  /** Who has read a message, or with `status=unread` who has not; and how many. */
  @Get(':groupId/messages/:seq/readers')
  @Allow('user', 'app')
  readersOf(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('seq', SeqParam) seq: number,
    @Query() query: ReadersQuery,
  ) {
    return this.readers.of(caller, groupId, seq, query);
  }
}
