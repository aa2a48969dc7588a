import { generateKeyPairSync } from 'node:crypto';
import { p8 } from '../push/certificates';
import type { RouteRow, Six } from './cells';

/** Every world has a credential of Huawei's (world.ts): each app sees and touches its own only. */
const OF_APP: Six = ['ok', 'FORBIDDEN', 'own', 'own', 'FORBIDDEN', 'UNAUTHENTICATED'];

const credentials = (after: string, body?: object): RouteRow => ({
  as: 'app',
  call: () => ({ path: `/v1/push/credentials${after}`, ...(body && { body }) }),
  cells: OF_APP,
});

const apns = {
  kind: 'token',
  key: p8().key,
  keyId: 'KEY0000001',
  teamId: 'TEAM000001',
  topic: 'com.example.app',
  environment: 'production',
};
const serviceAccount = {
  type: 'service_account',
  project_id: 'matrix',
  client_email: 'matrix@matrix.iam.gserviceaccount.com',
  private_key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
};
const huawei = {
  appId: '100000001',
  clientId: '100000001',
  clientSecret: 'a secret'.padEnd(32, '0').replace(' ', '-'),
};

/** What apps push with. */
export const PUSH_CREDENTIAL_ROWS: Record<string, RouteRow> = {
  'GET /v1/push/credentials': credentials(''),
  'GET /v1/push/credentials/:provider': credentials('/huawei'),
  'PUT /v1/push/credentials/apns': credentials('/apns', apns),
  'PUT /v1/push/credentials/fcm': credentials('/fcm', { serviceAccount }),
  'PUT /v1/push/credentials/huawei': { ...credentials('/huawei', huawei), fresh: 'everything' },
  'DELETE /v1/push/credentials/:provider': { ...credentials('/huawei'), fresh: 'everything' },
};
