import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

const MUTE_MAX_S = 10 * 365 * 86_400;

/** What groups and rooms say to whoever comes in. */
export class AnnouncementDto {
  /** Empty: none. */
  @IsString()
  @MaxLength(4096)
  text!: string;
}

export class MuteDto {
  /** For ever when absent. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MUTE_MAX_S)
  seconds?: number;
}
