import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApnsServer } from './apns-server';
import { p12, p8, TestAuthority, type AppleOptions } from './certificates';
import { FcmServer } from './fcm-server';
import { HuaweiServer } from './huawei-server';
import type { Records } from './script';

export const TOPIC = 'com.example.app';
const PASSPHRASE = 'opens the certificate';

/** What `PUT /v1/push/credentials/apns` takes for a .p8. */
export interface ApnsTokenCredential {
  kind: 'token';
  key: string;
  keyId: string;
  teamId: string;
  topic: string;
  environment: 'production' | 'development';
}

/** Apple, Google and Huawei on this machine, over TLS of an authority of their own. */
export class PushVendors {
  readonly authority = new TestAuthority();
  readonly apns = new ApnsServer(this.authority);
  readonly fcm = new FcmServer(this.authority);
  readonly huawei = new HuaweiServer(this.authority);
  private readonly dir = mkdtempSync(join(tmpdir(), 'parley-vendors-'));
  private keys = 0;

  async start(ports: { apns?: number; fcm?: number; huawei?: number } = {}): Promise<this> {
    writeFileSync(join(this.dir, 'ca.pem'), this.authority.pem);
    await Promise.all([this.apns.start(ports.apns), this.fcm.start(ports.fcm), this.huawei.start(ports.huawei)]);
    return this;
  }

  /** The settings under which Parley pushes here. */
  get env(): Record<'APNS_URL' | 'FCM_URL' | 'HUAWEI_URL' | 'PUSH_CA', string> {
    return {
      APNS_URL: this.apns.url,
      FCM_URL: this.fcm.url,
      HUAWEI_URL: this.huawei.url,
      PUSH_CA: join(this.dir, 'ca.pem'),
    };
  }

  /** A .p8 that the fake Apple knows, as it is uploaded. */
  apnsToken(topic = TOPIC): ApnsTokenCredential {
    const keyId = `KEY${String(++this.keys).padStart(7, '0')}`;
    const teamId = 'TEAM123456';
    const { key, publicKey } = p8();
    this.apns.trust({ keyId, teamId, publicKey, topics: [topic] });
    return { kind: 'token', key, keyId, teamId, topic, environment: 'production' };
  }

  /** A certificate that the fake Apple's authority signed, as a .p12 that is uploaded. */
  apnsCertificate(options: AppleOptions = {}) {
    const { topic = TOPIC } = options;
    return {
      kind: 'certificate' as const,
      certificate: p12(this.authority.apple({ ...options, topic }), PASSPHRASE),
      passphrase: PASSPHRASE,
      topic,
      environment: 'production' as const,
    };
  }

  /** What the vendors saw. */
  get records(): Record<'apns' | 'fcm' | 'huawei', Records> {
    return { apns: this.apns.records, fcm: this.fcm.records, huawei: this.huawei.records };
  }

  async close(): Promise<void> {
    await Promise.all([this.apns.close(), this.fcm.close(), this.huawei.close()]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
