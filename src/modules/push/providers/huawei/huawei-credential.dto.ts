import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';

const DIGITS = { message: 'An id of AppGallery Connect has digits only.' };

/** What Huawei Push Kit takes: AppGallery Connect, Project settings, General information. */
export class HuaweiCredentialDto {
  @IsString()
  @MaxLength(32)
  @Matches(/^\d+$/, DIGITS)
  appId!: string;

  /** OAuth 2.0 client id. */
  @IsString()
  @MaxLength(32)
  @Matches(/^\d+$/, DIGITS)
  clientId!: string;

  /** OAuth 2.0 client secret. */
  @IsString()
  @MaxLength(256)
  @Matches(/^[\x21-\x7e]{16,}$/, { message: 'This is no client secret: 16 visible characters or more.' })
  clientSecret!: string;

  /** Full name of the activity that the app starts with; without it Huawei phones show no badge number. */
  @IsOptional()
  @IsString()
  @MaxLength(255)
  @Matches(/^[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)+$/, { message: 'This is no name of a class, package included.' })
  badgeClass?: string;
}
