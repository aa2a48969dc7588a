import { IsIn } from 'class-validator';

/** `device:state`. */
export class DeviceStateDto {
  @IsIn(['foreground', 'background'])
  state!: 'foreground' | 'background';
}
