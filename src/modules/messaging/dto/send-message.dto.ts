import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  Equals,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsOptional,
  IsString,
  Matches,
  ValidateNested,
} from 'class-validator';
import type { Address, AddressKind } from '../../../kernel/contracts/address';
import type { Mentions, Priority, PushOption, SendCommand, SendOptions } from '../../../kernel/contracts/message';
import { CLIENT_MESSAGE_ID_PATTERN } from '../../../kernel/ids';
import { JsonText } from '../../../kernel/json-text';
import { Documented, IsId, IsTag } from '../../../platform/entry/rules';
import { Verbatim } from '../../../platform/entry/verbatim';
import { IsPushOption } from './push-option';

export class AddressDto implements Address {
  @IsIn(['user', 'group', 'chatroom'])
  kind!: AddressKind;

  /** The id of the user, group or room. */
  @IsString()
  @IsId()
  id!: string;
}

export class MentionsDto implements Mentions {
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @IsId({ each: true })
  userIds?: string[];

  /** Everybody: for the owner, admins and the app's server. */
  @IsOptional()
  @Equals(true)
  @IsBoolean()
  all?: true;
}

export class SendOptionsDto implements SendOptions {
  /** Reaches who is connected now; not stored, no seq, not deduplicated. */
  @IsOptional()
  @IsBoolean()
  onlineOnly?: boolean;

  /** What is refused first under load; normal when absent. */
  @IsOptional()
  @IsIn(['high', 'normal', 'low'])
  priority?: Priority;

  /** What the push of this message says: `{ title?, body?, data?, off? }`, or false for none. 2 KB of JSON. */
  @IsOptional()
  @IsPushOption()
  @Documented({ description: 'The words { title?, body?, data?, off? } of its push, or false for none.' })
  push?: PushOption;

  /** Only these members of a group see it. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @IsId({ each: true })
  recipients?: string[];

  /** Groups only: whom this message names, whatever its body. */
  @IsOptional()
  @ValidateNested()
  @Type(() => MentionsDto)
  mentions?: MentionsDto;
}

// Sizes and blankness are judged by the use case, which answers with codes of their own.
/** A message without its address. */
export class UnaddressedMessageDto implements Omit<SendCommand, 'to'> {
  /** The sender's idempotency key: 16–36 of A-Z a-z 0-9 _ -, a UUID for example. */
  @IsString()
  @Matches(CLIENT_MESSAGE_ID_PATTERN, { message: 'Must have 16 to 36 of A-Z a-z 0-9 _ - and no other.' })
  clientMessageId!: string;

  /** text, emoji, image, audio, video, file, location, custom, command, combined, notice (app servers), or a newer client's own; hidden and change are the server's. */
  @IsString()
  @IsTag()
  type!: string;

  /** Any JSON; `{ text }` for type text. Comes back as the very text that arrived, and so does `ext`. */
  @IsDefined()
  @Verbatim()
  body!: JsonText;

  /** Free-form extras, at most 4 KB of JSON. */
  @IsOptional()
  @Verbatim()
  ext?: JsonText;

  /** App servers only: the user in whose name it is sent. Absent: a system notice. */
  @IsOptional()
  @IsString()
  @IsId()
  from?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => SendOptionsDto)
  options?: SendOptionsDto;
}

/** A message and where it goes (contract.md, Send command). */
export class SendMessageDto extends UnaddressedMessageDto implements SendCommand {
  /** A user, a group or a room; exactly one. */
  @IsDefined()
  @ValidateNested()
  @Type(() => AddressDto)
  to!: AddressDto;
}
