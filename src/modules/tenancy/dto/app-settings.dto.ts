import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
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
import { IsTag, NotOffered } from '../../../platform/entry/rules';
import {
  DEVICE_POLICIES,
  PUSH_STYLES,
  TOKEN_TTL_MAX_SECONDS,
  type DevicePolicyKind,
  type PushStyle,
} from '../app-settings';

/** How many devices a user may be logged in on at once; whoever is too many is kicked, the oldest first. */
export class DevicePolicyDto {
  @IsOptional()
  @IsIn(DEVICE_POLICIES)
  kind?: DevicePolicyKind;

  /** For `multi`: devices a user. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  max?: number;
}

/** What a user id must look like in arbitrary mode, beyond what every id must. */
export class UserIdRuleDto {
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(64)
  minLength?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(64)
  maxLength?: number;

  /** No leading `g` or `G`. */
  @IsOptional()
  @IsBoolean()
  forbidLeadingG?: boolean;
}

/** A language tag: `zh`, `en`, `pt-BR`. */
const LANGUAGE = /^[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8}){0,3}$/;

/** The app's own words for one type of message in one language. */
export class PushTemplateDto {
  @IsString()
  @Matches(LANGUAGE, { message: 'A language tag is written as zh or pt-BR.' })
  language!: string;

  /** A message type; or `default` for all others, `hidden`, `mention` (around `{body}`), `burst` (around `{body}`). */
  @IsString()
  @IsTag()
  type!: string;

  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(128)
  title?: string;

  /** Filled in: `{sender}`, `{group}`, `{text}`, `{count}`. */
  @IsString()
  @MinLength(1)
  @MaxLength(512)
  body!: string;
}

/** Any part of what the app wants of its pushes. */
export class AppPushSettingsDto {
  /** Off: nobody of this app is pushed. */
  @IsOptional()
  @IsBoolean()
  enabled?: boolean;

  /** A mention passes a user's do-not-disturb and quiet hours. */
  @IsOptional()
  @IsBoolean()
  mentionsPierce?: boolean;

  /**
   * On: when a user reads on one device, the others, unless somebody looks at them, get the new badge by a push that shows
   * nothing; off by default.
   */
  @IsOptional()
  @IsBoolean()
  badgeOnRead?: boolean;

  /** `hidden`: a push says who wrote, not what; unless a user wishes otherwise. */
  @IsOptional()
  @IsIn(PUSH_STYLES)
  style?: PushStyle;

  /** For users and devices that name none; empty: English. */
  @IsOptional()
  @IsString()
  @Matches(new RegExp(`^$|${LANGUAGE.source}`), { message: 'A language tag is written as zh or pt-BR.' })
  language?: string;

  /** A sound file in the client's bundle, or `default`. */
  @IsOptional()
  @IsString()
  @Matches(/^[A-Za-z0-9_. -]{1,64}$/)
  sound?: string;

  /** All of them: what is not in the list is ours. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(60)
  @ValidateNested({ each: true })
  @Type(() => PushTemplateDto)
  templates?: PushTemplateDto[];
}

/** Any part of an app's settings; what is left out stays as it is, and unknown ones are refused. */
export class AppSettingsDto {
  @IsOptional()
  @ValidateNested()
  @Type(() => DevicePolicyDto)
  devicePolicy?: DevicePolicyDto;

  @IsOptional()
  @ValidateNested()
  @Type(() => UserIdRuleDto)
  userIdRule?: UserIdRuleDto;

  /** Arbitrary mode: a message to a valid name that never logged in waits for it, instead of USER_NOT_FOUND. */
  @IsOptional()
  @IsBoolean()
  acceptUnknownRecipients?: boolean;

  /** Arbitrary mode: false refuses logins with the appToken, so that only the app's server lets users in. */
  @IsOptional()
  @IsBoolean()
  loginByAppToken?: boolean;

  /** Life of a user token; at most 30 days. */
  @IsOptional()
  @IsInt()
  @Min(60)
  @Max(TOKEN_TTL_MAX_SECONDS)
  tokenTtlSeconds?: number;

  /** Days that messages are kept, and some minutes; 0: for ever, unless the plan says less. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(36_500)
  historyDays?: number;

  /** Days that what is said in rooms is kept; 0: as long as other messages. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(36_500)
  chatroomHistoryDays?: number;

  /** Minutes after which a room that nobody is in and nothing is said in is closed; 0: never. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(525_600)
  chatroomIdleMinutes?: number;

  /** A join of a room that is not there makes it, instead of CHATROOM_NOT_FOUND. */
  @IsOptional()
  @IsBoolean()
  joinCreates?: boolean;

  /** Longest text, in bytes of UTF-8; 0: the deployment's limit, which it cannot pass. */
  @IsOptional()
  @IsInt()
  @Min(0)
  textBytes?: number;

  /** Told to clients at login instead of the deployment's endpoints; empty: the deployment's. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(16)
  @IsString({ each: true })
  @MaxLength(512, { each: true })
  @Matches(/^(https?|wss?):\/\/\S+$/, { each: true })
  endpoints?: string[];

  /** Refused until there are webhooks. */
  @NotOffered()
  @IsOptional()
  @IsString()
  @MaxLength(512)
  callbackUrl?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => AppPushSettingsDto)
  push?: AppPushSettingsDto;
}
