import { IsInt, IsOptional, IsString, Max, MaxLength, Min, MinLength } from 'class-validator';
import { TOKEN_TTL_MAX_SECONDS } from '../../tenancy';
import { TOKEN_TTL_MIN_SECONDS } from '../user-token';

/** Fixed mode: `account` (or `userId`) and `password`; arbitrary mode: `appToken` and `userId`. */
export class LoginDto {
  @IsString()
  @MaxLength(64)
  appId!: string;

  /** Fixed mode: the generated login name. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  account?: string;

  /** A string, also where your own ids are numbers. */
  @IsOptional()
  @IsString({ message: 'userId must be a string; put a numeric id in quotes' })
  @MaxLength(64)
  userId?: string;

  @IsOptional()
  @IsString()
  @MaxLength(128)
  password?: string;

  /** Arbitrary mode: the app's login key. */
  @IsOptional()
  @IsString()
  @MaxLength(128)
  appToken?: string;
}

export class IssueTokenDto {
  /** Life of the token; the app's own setting when absent. */
  @IsOptional()
  @IsInt()
  @Min(TOKEN_TTL_MIN_SECONDS)
  @Max(TOKEN_TTL_MAX_SECONDS)
  ttlSeconds?: number;
}

export class VerifyTokenDto {
  @IsString()
  @MaxLength(4096)
  token!: string;
}

/** `session:renew`. */
export class RenewTokenDto {
  /** Another token of the same user: of `POST /v1/sessions/current/renew`, or from the app's server. */
  @IsString()
  @MaxLength(1024)
  token!: string;
}

export class ChangePasswordDto {
  /** Asked of the user itself; an app server leaves it out. */
  @IsOptional()
  @IsString()
  @MaxLength(128)
  oldPassword?: string;

  @IsString()
  @MinLength(6)
  @MaxLength(128)
  newPassword!: string;
}
