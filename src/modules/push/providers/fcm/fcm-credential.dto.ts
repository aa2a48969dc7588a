import { IsObject } from 'class-validator';
import { Documented } from '../../../../platform/entry/rules';

/** What FCM takes: a service account of the Firebase project. */
export class FcmCredentialDto {
  /** The JSON file of the service account, as Google hands it out. */
  @Documented({
    description:
      'The JSON of a service account with the role Firebase Cloud Messaging API Admin: Firebase console, Project settings, Service accounts, Generate new private key.',
  })
  @IsObject()
  serviceAccount!: Record<string, unknown>;
}
