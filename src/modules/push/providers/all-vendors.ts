import type { Provider } from '@nestjs/common';
import { ApnsCredentialController } from './apns/apns-credential.controller';
import { ApnsProvider } from './apns/apns.provider';
import { CredentialReader } from './credential-reader';
import { FcmCredentialController } from './fcm/fcm-credential.controller';
import { FcmProvider } from './fcm/fcm.provider';
import { HuaweiCredentialController } from './huawei/huawei-credential.controller';
import { HuaweiProvider } from './huawei/huawei.provider';
import { PushVendors } from './push-vendors';
import type { PushVendor } from './vendor';
import { VendorHttp } from './vendor-http';

/** A vendor is a folder beside this file, a name in provider.ts, and a line in each of these two lists. */
const VENDORS = [ApnsProvider, FcmProvider, HuaweiProvider];
export const VENDOR_CONTROLLERS = [ApnsCredentialController, FcmCredentialController, HuaweiCredentialController];

export const VENDOR_PROVIDERS: Provider[] = [
  VendorHttp,
  CredentialReader,
  ...VENDORS,
  { provide: PushVendors, useFactory: (...vendors: PushVendor[]) => new PushVendors(vendors), inject: VENDORS },
];
