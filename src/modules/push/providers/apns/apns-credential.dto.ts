import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { Documented } from '../../../../platform/entry/rules';
import { ENVIRONMENTS, type ApnsEnvironment } from './apns-environments';

const KEY_LENGTH_MAX = 16_384;
const CERTIFICATE_LENGTH_MAX = 49_152;

/** What Apple gives an app to push with: a signing key (.p8), or a certificate. */
export class ApnsCredentialDto {
  @Documented({ description: 'token: a .p8 key with keyId and teamId. certificate: a .p12, or PEM with its key.' })
  @IsIn(['token', 'certificate'])
  kind!: 'token' | 'certificate';

  @Documented({ description: 'token: the PEM text of AuthKey_….p8.' })
  @IsOptional()
  @IsString()
  @MaxLength(KEY_LENGTH_MAX)
  key?: string;

  @Documented({ description: 'token: the ten characters of the key, also in its file name.' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  keyId?: string;

  @Documented({ description: 'token: the ten characters of the team, under Membership.' })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  teamId?: string;

  @Documented({ description: 'certificate: the .p12 in base64, or PEM with the certificate and its private key.' })
  @IsOptional()
  @IsString()
  @MaxLength(CERTIFICATE_LENGTH_MAX)
  certificate?: string;

  @Documented({ description: 'certificate: what opens the .p12 or the private key, if anything does.' })
  @IsOptional()
  @IsString()
  @MaxLength(256)
  passphrase?: string;

  @Documented({ description: "The app's bundle id. For a certificate it may be left out: it is in there." })
  @IsOptional()
  @IsString()
  @MaxLength(255)
  topic?: string;

  @Documented({
    description:
      'production: App Store, TestFlight, ad hoc; development: builds from Xcode. A certificate for one of them only needs none.',
  })
  @IsOptional()
  @IsIn(ENVIRONMENTS)
  environment?: ApnsEnvironment;
}
