import { IsOptional, IsString, MaxLength } from 'class-validator';
import { IsId } from '../../../platform/entry/rules';
import { UserIdsDto } from '../../accounts';

/** The socket's twins name the group in their data. */
export class GroupIdDto {
  @IsString()
  @IsId()
  groupId!: string;
}

export class GroupJoinDto extends GroupIdDto {
  @IsOptional()
  @IsString()
  @MaxLength(512)
  message?: string;
}

export class GroupInviteDto extends UserIdsDto {
  @IsString()
  @IsId()
  groupId!: string;
}

export class GroupUserDto extends GroupIdDto {
  @IsString()
  @IsId()
  userId!: string;
}

export class GroupInvitationDto extends GroupIdDto {
  @IsString()
  @IsId()
  invitationId!: string;
}

export class GroupRequestDto extends GroupIdDto {
  @IsString()
  @IsId()
  requestId!: string;
}

export class GroupRejectDto extends GroupRequestDto {
  @IsOptional()
  @IsString()
  @MaxLength(512)
  reason?: string;
}
