import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { ID_PATTERN } from '../../../kernel/ids';
import { UserIdsDto } from '../../accounts';

/** The socket's twins name the group in their data. */
export class GroupIdDto {
  @IsString()
  @Matches(ID_PATTERN)
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
  @Matches(ID_PATTERN)
  groupId!: string;
}

export class GroupUserDto extends GroupIdDto {
  @IsString()
  @Matches(ID_PATTERN)
  userId!: string;
}

export class GroupInvitationDto extends GroupIdDto {
  @IsString()
  @Matches(ID_PATTERN)
  invitationId!: string;
}

export class GroupRequestDto extends GroupIdDto {
  @IsString()
  @Matches(ID_PATTERN)
  requestId!: string;
}

export class GroupRejectDto extends GroupRequestDto {
  @IsOptional()
  @IsString()
  @MaxLength(512)
  reason?: string;
}
