import { Type } from 'class-transformer';
import {
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { PageQuery } from '../../../platform/entry/page-query';
import { IsName } from '../../../platform/entry/rules';
import type { DeveloperStatus } from '../developer.entity';
import type { Plan } from '../plans';

const EMAIL = /^[^\s@"(),:;<>[\\\]\u0080-\uffff]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}$/;

export class SignUpDto {
  /** Signs in to the console; unique whatever its case. */
  @IsString()
  @MaxLength(254)
  @Matches(EMAIL, { message: 'This is not an e-mail address.' })
  email!: string;

  @IsString()
  @MinLength(6)
  @MaxLength(128)
  password!: string;

  @IsName(128)
  name!: string;
}

/** Who the developer is: a person or a company. */
export class VerificationDto {
  @IsOptional()
  @IsIn(['person', 'company'])
  kind?: 'person' | 'company';

  /** The legal name. */
  @IsName(128)
  name!: string;

  /** Number of an identity card or of a company's registration. Kept sealed; only the operator reads it. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  idNumber?: string;

  /** How the operator reaches the developer: a telephone number, an address. */
  @IsOptional()
  @IsString()
  @MaxLength(256)
  contact?: string;

  /** Anything else that helps to decide. */
  @IsOptional()
  @IsString()
  @MaxLength(1000)
  note?: string;
}

export class DecisionDto {
  /** Told to the developer. */
  @IsOptional()
  @IsString()
  @MaxLength(512)
  reason?: string;
}

export class QuotasDto {
  /** Users of one app. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(4_000_000_000)
  users?: number;

  /** Members of one group. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  groupMembers?: number;

  /** Days that messages are kept. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(36_500)
  historyDays?: number;

  /** Apps of the developer. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  apps?: number;
}

export class ChangeDeveloperDto {
  @IsOptional()
  @IsIn(['unlimited', 'trial'])
  plan?: Plan;

  /** What differs from the plan, all of it: quotas left out follow the plan again. */
  @IsOptional()
  @ValidateNested()
  @Type(() => QuotasDto)
  quotas?: QuotasDto;
}

export class DevelopersQuery extends PageQuery {
  @IsOptional()
  @IsIn(['unverified', 'pending', 'verified', 'rejected', 'suspended'])
  status?: DeveloperStatus;
}
