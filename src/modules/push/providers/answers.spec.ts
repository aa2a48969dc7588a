import fc from 'fast-check';
import type { OutboundAnswer } from '../../../platform/outbound/outbound-http';
import { type ApnsReply, readApns } from './apns/apns-answers';
import { readFcm } from './fcm/fcm-answers';
import { readHuawei } from './huawei/huawei-answers';
import { granted } from './oauth-channel';

const fcmBody = (status: string, errorCode?: string, field?: string): string =>
  JSON.stringify({
    error: {
      status,
      details: [...(errorCode ? [{ errorCode }] : []), ...(field ? [{ fieldViolations: [{ field }] }] : [])],
    },
  });
const huaweiBody = (code: string): string => JSON.stringify({ code, msg: 'said', requestId: 'r1' });

describe("Apple's answers", () => {
  const table: [ApnsReply, string][] = [
    [{ status: 200, apnsId: 'a1' }, 'sent'],
    [{ status: 400, reason: 'BadDeviceToken' }, 'refused'],
    [{ status: 400, reason: 'DeviceTokenNotForTopic' }, 'refused'],
    [{ status: 400, reason: 'PayloadEmpty' }, 'refused'],
    [{ status: 400, reason: 'BadTopic' }, 'credential-bad'],
    [{ status: 400, reason: 'MissingTopic' }, 'credential-bad'],
    [{ status: 400, reason: 'TopicDisallowed' }, 'credential-bad'],
    [{ status: 400, reason: 'IdleTimeout' }, 'retry'],
    [{ status: 403, reason: 'BadCertificate' }, 'credential-bad'],
    [{ status: 403, reason: 'BadCertificateEnvironment' }, 'credential-bad'],
    [{ status: 403, reason: 'InvalidProviderToken' }, 'credential-bad'],
    [{ status: 403, reason: 'ExpiredProviderToken' }, 'retry'],
    [{ status: 404, reason: 'BadPath' }, 'refused'],
    [{ status: 410, reason: 'Unregistered', timestamp: 1 }, 'token-dead'],
    [{ status: 410, reason: 'ExpiredToken' }, 'token-dead'],
    [{ status: 410 }, 'token-dead'],
    [{ status: 413, reason: 'PayloadTooLarge' }, 'refused'],
    [{ status: 429, reason: 'TooManyRequests' }, 'retry'],
    [{ status: 429, reason: 'TooManyProviderTokenUpdates' }, 'retry'],
    [{ status: 500, reason: 'InternalServerError' }, 'retry'],
    [{ status: 503, reason: 'Shutdown' }, 'retry'],
    [{ status: 503 }, 'retry'],
    [{ errorCode: 'ECONNRESET' }, 'retry'],
    [{ errorCode: 'TIMEOUT' }, 'retry'],
    [{ errorCode: 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED' }, 'credential-bad'],
    [{ errorCode: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' }, 'credential-bad'],
    [{}, 'retry'],
  ];
  it.each(table)('%j means %s', (reply, outcome) => {
    expect(readApns(reply).outcome).toBe(outcome);
  });

  it('keep the time since when a token is dead, and the time to wait', () => {
    const dead = readApns({ status: 410, reason: 'Unregistered', timestamp: 1_700_000_000_000 });
    expect(dead).toEqual({ outcome: 'token-dead', reason: 'Unregistered', since: new Date(1_700_000_000_000) });
    expect(readApns({ status: 429, reason: 'TooManyRequests', retryAfterMs: 7000 })).toMatchObject({ afterMs: 7000 });
  });
});

describe("FCM's answers", () => {
  const table: [OutboundAnswer, string][] = [
    [{ status: 200, body: '{"name":"projects/p/messages/1"}' }, 'sent'],
    [{ status: 404, body: fcmBody('NOT_FOUND', 'UNREGISTERED') }, 'token-dead'],
    [{ status: 404, body: fcmBody('NOT_FOUND') }, 'token-dead'],
    [{ status: 404, body: '<html>no such page</html>' }, 'refused'],
    [{ status: 400, body: fcmBody('INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'message.token') }, 'token-dead'],
    [{ status: 400, body: fcmBody('INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'message.data') }, 'refused'],
    [{ status: 403, body: fcmBody('PERMISSION_DENIED', 'SENDER_ID_MISMATCH') }, 'refused'],
    [{ status: 403, body: fcmBody('PERMISSION_DENIED') }, 'credential-bad'],
    [{ status: 401, body: fcmBody('UNAUTHENTICATED', 'THIRD_PARTY_AUTH_ERROR') }, 'credential-bad'],
    [{ status: 401, body: fcmBody('UNAUTHENTICATED') }, 'unauthorised'],
    [{ status: 429, body: fcmBody('RESOURCE_EXHAUSTED', 'QUOTA_EXCEEDED') }, 'retry'],
    [{ status: 500, body: fcmBody('INTERNAL', 'INTERNAL') }, 'retry'],
    [{ status: 503, body: 'no JSON' }, 'retry'],
    [{ status: 302, body: '' }, 'retry'],
  ];
  it.each(table)('%j means %s', (answer, outcome) => {
    expect(readFcm(answer).outcome).toBe(outcome);
  });
});

describe("Huawei's answers", () => {
  const table: [OutboundAnswer, string][] = [
    [{ status: 200, body: huaweiBody('80000000') }, 'sent'],
    [{ status: 200, body: huaweiBody('80100000') }, 'token-dead'],
    [{ status: 200, body: huaweiBody('80300007') }, 'token-dead'],
    [{ status: 400, body: huaweiBody('80100001') }, 'refused'],
    [{ status: 200, body: huaweiBody('80100003') }, 'refused'],
    [{ status: 401, body: huaweiBody('80200003') }, 'unauthorised'],
    [{ status: 200, body: huaweiBody('80200001') }, 'unauthorised'],
    [{ status: 200, body: huaweiBody('80300002') }, 'credential-bad'],
    [{ status: 403, body: '' }, 'credential-bad'],
    [{ status: 200, body: huaweiBody('80600003') }, 'retry'],
    [{ status: 200, body: huaweiBody('81000001') }, 'retry'],
    [{ status: 200, body: '' }, 'retry'],
    [{ status: 429, body: '' }, 'retry'],
    [{ status: 503, body: huaweiBody('80000000') }, 'retry'],
    [{ status: 404, body: '' }, 'refused'],
  ];
  it.each(table)('%j means %s', (answer, outcome) => {
    expect(readHuawei(answer).outcome).toBe(outcome);
  });
});

describe("an OAuth endpoint's answer", () => {
  const table: [OutboundAnswer, string][] = [
    [{ status: 200, body: '{"access_token":"t","expires_in":3599}' }, 'granted'],
    [{ status: 200, body: '{}' }, 'retry'],
    [{ status: 400, body: '{"error":"invalid_grant"}' }, 'credential-bad'],
    [{ status: 400, body: '{"error":"invalid_grant","error_description":"… in a reasonable timeframe …"}' }, 'retry'],
    [{ status: 401, body: '{"error":"invalid_client"}' }, 'credential-bad'],
    [{ status: 429, body: '' }, 'retry'],
    [{ status: 500, body: '' }, 'retry'],
  ];
  it.each(table)('%j means %s', (answer, outcome) => {
    const read = granted(answer);
    expect('outcome' in read ? read.outcome : 'granted').toBe(outcome);
  });
});

describe('any answer at all', () => {
  const status = fc.integer({ min: 100, max: 599 });
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((error) => `{"error":${error}}`),
  );
  const wait = fc.option(fc.nat(100_000), { nil: undefined });
  const answers = fc.record({ status, body: bodies, retryAfterMs: wait });
  const readers = [readFcm, readHuawei];

  it('is read as one of the outcomes, with a reason that can be stored and shown', () => {
    fc.assert(
      fc.property(answers, status, fc.string(), wait, (answer, code, reason, retryAfterMs) => {
        const { retryAfterMs: _, ...plain } = answer;
        const read = [
          ...readers.map((reader) => reader(retryAfterMs === undefined ? plain : answer)),
          readApns({ status: code, reason, ...(retryAfterMs !== undefined && { retryAfterMs }) }),
        ];
        for (const one of read) {
          if (one.outcome === 'sent') expect(one.providerId).toMatch(/^[\x20-\x7e]{1,200}$/);
          else expect(one.reason).toMatch(/^[\x20-\x7e]{1,200}$/);
        }
      }),
    );
  });

  it('is success at 2xx only, and a failure of the vendor is always tried again, when it says to', () => {
    fc.assert(
      fc.property(answers, ({ status, body, retryAfterMs = 1 }) => {
        const read = [
          ...readers.map((reader) => reader({ status, body, retryAfterMs })),
          readApns({ status, reason: 'Anything', retryAfterMs }),
        ];
        for (const one of read) {
          if (one.outcome === 'sent') expect(Math.floor(status / 100)).toBe(2);
          if (one.outcome === 'retry') expect(one.afterMs).toBe(retryAfterMs);
        }
        const apns = read[2];
        if (status >= 500 || status === 429) expect(apns?.outcome).toBe('retry');
        if (status >= 500 && body === '') for (const one of read) expect(one.outcome).toBe('retry');
      }),
    );
  });
});
