import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { UserCaller } from '../../../kernel/caller';
import { Allow } from '../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../platform/entry/current-caller.decorator';
import { DeviceDto } from './device.dto';
import { DevicesService } from './devices.service';

@ApiTags('Push')
@Controller('v1/devices')
export class DevicesController {
  constructor(private readonly devices: DevicesService) {}

  /** The user's own devices that have a token, the one bound last first. */
  @Get()
  @Allow('user')
  list(@CurrentCaller() caller: UserCaller) {
    return this.devices.list(caller);
  }

  /** Bind this device's push token, after each login and whenever the vendor's library hands out another. */
  @Put(':deviceId')
  @Allow('user')
  bind(@CurrentCaller() caller: UserCaller, @Param('deviceId') deviceId: string, @Body() device: DeviceDto) {
    return this.devices.bind(caller, deviceId, device);
  }

  /** No push to this device any more. Logging out does the same. */
  @Delete(':deviceId')
  @Allow('user')
  @HttpCode(204)
  unbind(@CurrentCaller() caller: UserCaller, @Param('deviceId') deviceId: string) {
    return this.devices.unbind(caller, deviceId);
  }
}
