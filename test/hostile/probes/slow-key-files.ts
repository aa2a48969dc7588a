import assert from 'node:assert/strict';
import { lockedBags, lockedKey } from '../../support/push/hostile-keys';
import { defineProbe } from '../probe';
import { call, type HostileAnswer } from '../tools';

const ATTACK_MS = 5000;
const AT_ONCE = 6;

/** Small files that ask for minutes of work, in the open and hidden, and one that takes all that is allowed. */
export const probe = defineProbe({
  promise: 'key files that ask for any amount of work are refused, and keep nobody else waiting',
  seconds: 20,
  prepare: () => {
    const certificate = { kind: 'certificate', topic: 'com.example', environment: 'production' };
    const p12 = (bags: number, rounds: number, hidden: boolean) => ({
      ...certificate,
      certificate: lockedBags({ bags, rounds, hidden }),
      passphrase: 'opens it',
    });
    const scrypt = lockedKey('1.3.6.1.4.1.11591.4.11', [Buffer.alloc(8), 2 ** 20, 8, 16]);
    const pem = `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${scrypt}`;
    return Promise.resolve([
      p12(10, 100_000, false),
      p12(300, 2_000_000_000, true),
      p12(2, 130_000, false),
      { ...certificate, certificate: pem, passphrase: 'opens it' },
    ]);
  },
  async attack(world, files) {
    const until = performance.now() + ATTACK_MS;
    const seen = new Map<string, number>();
    const upload = async (turn: number): Promise<HostileAnswer> =>
      call(world, 'PUT', '/v1/push/credentials/apns', {
        authorization: world.arbitrary.server,
        body: files[turn % files.length],
      });
    const attacker = async (turn: number): Promise<void> => {
      for (; performance.now() < until; turn++) {
        const { status, code = 'none' } = await upload(turn);
        assert([400, 429, 503].includes(status), `an upload was answered ${status} ${code}`);
        seen.set(code, (seen.get(code) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, turn) => attacker(turn)));
    assert((seen.get('INVALID_REQUEST') ?? 0) >= 3, 'no file was read at all');
    return [...seen].map(([code, count]) => `${count} ${code}`).join(', ');
  },
});
