import { seatOf, speaker, stands, type LoginRow } from './login-rules';
import type { SessionEndReason } from './session.entity';

const LOGIN = 'login';
const aRow = (sessionId: string, deviceId: string | null, endReason: SessionEndReason | null = null): LoginRow => ({
  sessionId,
  loginId: LOGIN,
  deviceId,
  endedAt: endReason ? new Date(0) : null,
  endReason,
});
const root = (deviceId: string | null, endReason: SessionEndReason | null = null): LoginRow =>
  aRow(LOGIN, deviceId, endReason);

describe('a login', () => {
  it('seats its first device on its own row, a second on a new one, and each again where it sat', () => {
    const fresh = root(null);
    expect(seatOf([fresh], 'phone')).toBe(fresh);
    const bound = root('phone');
    const second = aRow('s2', 'desk');
    expect(seatOf([bound], 'phone')).toBe(bound);
    expect(seatOf([bound], 'desk')).toBe('new');
    expect(seatOf([bound, second], 'desk')).toBe(second);
  });

  it('lets a device that lost its place not come back, while the others stay', () => {
    const rows = [root('phone', 'multi-login'), aRow('s2', 'desk')];
    expect(seatOf(rows, 'phone')).toBeUndefined();
    expect(seatOf(rows, 'desk')).toBe(rows[1]);
    expect(stands(rows)).toBe(true);
    expect(speaker(rows)).toBe(rows[1]);
  });

  it('that lost every device speaks no more', () => {
    expect(speaker([root('phone', 'multi-login')])).toBeUndefined();
    expect(speaker([root('phone', 'replaced'), aRow('s2', 'desk', 'multi-login')])).toBeUndefined();
  });

  it.each(['logout', 'revoked', 'deactivated', 'deleted'] as const)('ended by %s is over on every device', (reason) => {
    const rows = [root('phone', reason), aRow('s2', 'desk')];
    expect(stands(rows)).toBe(false);
    expect(speaker(rows)).toBeUndefined();
    for (const device of ['phone', 'desk', 'another']) expect(seatOf(rows, device)).toBeUndefined();
  });

  it('whose own row is gone stands no more', () => {
    expect(stands([])).toBe(false);
    expect(seatOf([aRow('s2', 'desk')], 'desk')).toBeUndefined();
  });
});
