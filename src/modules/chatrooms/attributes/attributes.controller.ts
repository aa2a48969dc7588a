import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { TenantCaller } from '../../../kernel/caller';
import { Allow } from '../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../platform/entry/current-caller.decorator';
import { AttributesService } from './attributes.service';
import { AttributeDto, AttributesQuery } from './attribute.dto';

/** Keys and values of a room. For its admins, and for its members where the room allows it. */
@ApiTags('Chatrooms')
@Controller('v1/chatrooms/:chatroomId/attributes')
export class AttributesController {
  constructor(private readonly attributes: AttributesService) {}

  /** All attributes of the room, at most 100; those that do not fit into the page follow with `nextCursor`. */
  @Get()
  @Allow('user', 'app')
  list(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Query() query: AttributesQuery,
  ) {
    return this.attributes.list(caller, chatroomId, query);
  }

  /** Sets an attribute. Admins set any, members their own where the room allows it. */
  @Put(':key')
  @Allow('user', 'app')
  put(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Param('key') key: string,
    @Body() wanted: AttributeDto,
  ) {
    return this.attributes.put(caller, chatroomId, key, wanted);
  }

  /** Removes an attribute. For whoever may set it. */
  @Delete(':key')
  @Allow('user', 'app')
  @HttpCode(204)
  remove(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Param('key') key: string,
  ): Promise<void> {
    return this.attributes.remove(caller, chatroomId, key);
  }
}
