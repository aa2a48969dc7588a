import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, IsUrl, Max, Min } from 'class-validator';

/** No user in it: each vendor has its own way to say who asks. */
const ANY_HOST = { require_tld: false, require_protocol: true, disallow_auth: true };

/** Where notifications go. Each URL stands in for a vendor's own, for a private gateway or for tests. */
export class PushVendorSettings {
  /** HTTP/2 over TLS, so https only. */
  @IsOptional()
  @IsUrl({ ...ANY_HOST, protocols: ['https'] }, { message: 'APNS_URL must look like https://host:port' })
  apnsUrl?: string;

  @IsOptional()
  @IsUrl({ ...ANY_HOST, protocols: ['https', 'http'] }, { message: 'FCM_URL must look like https://host:port' })
  fcmUrl?: string;

  @IsOptional()
  @IsUrl({ ...ANY_HOST, protocols: ['https', 'http'] }, { message: 'HUAWEI_URL must look like https://host:port' })
  huaweiUrl?: string;

  /** A certificate trusted besides the usual ones: PEM text, or a file of it. */
  @IsOptional()
  @IsString()
  ca?: string;

  /** How long a vendor may take to answer. Milliseconds. */
  @Type(() => Number)
  @IsInt()
  @Min(100)
  @Max(120_000)
  timeoutMs = 10_000;
}
