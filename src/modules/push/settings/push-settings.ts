import { Injectable } from '@nestjs/common';
import { Sql, type SqlExecutor } from '../../../platform/database/sql';
import { DeviceLogins, type KeptWithLogin, type LoginsEnding } from '../../accounts';
import type { PushStyle } from '../../tenancy';
import type { UserPushSettings } from '../decision';

interface SettingsColumns {
  userPk: number;
  nickname: string | null;
  style: PushStyle | null;
  language: string | null;
  quietFrom: string | null;
  quietTo: string | null;
  quietZone: string | null;
}

/** What users want of their pushes. */
@Injectable()
export class PushSettings implements KeptWithLogin {
  constructor(
    private readonly sql: Sql,
    logins: DeviceLogins,
  ) {
    logins.register(this);
  }

  /** Users who never said anything are left out: the app's defaults hold for them. */
  async of(appPk: number, userPks: readonly number[]): Promise<Map<number, UserPushSettings>> {
    if (userPks.length === 0) return new Map();
    const rows = await this.sql.rows<SettingsColumns>(
      `SELECT userPk, nickname, style, language, quietFrom, quietTo, quietZone FROM push_settings
        WHERE userPk IN (?) AND appPk = ?`,
      [[...userPks], appPk],
    );
    return new Map(rows.map((row) => [row.userPk, settingsOf(row)]));
  }

  /** All of them at once: what is not said is not wished any more. */
  async put(appPk: number, userPk: number, { nickname, style, language, quietHours }: UserPushSettings): Promise<void> {
    const values = [nickname, style, language, quietHours?.from, quietHours?.to, quietHours?.timeZone];
    await this.sql.run(
      `INSERT INTO push_settings (userPk, appPk, nickname, style, language, quietFrom, quietTo, quietZone) VALUES ?
        ON DUPLICATE KEY UPDATE nickname = VALUES(nickname), style = VALUES(style), language = VALUES(language),
          quietFrom = VALUES(quietFrom), quietTo = VALUES(quietTo), quietZone = VALUES(quietZone)`,
      [[[userPk, appPk, ...values.map((value) => value ?? null)]]],
    );
  }

  /** Only the end of the user is the end of its wishes. */
  async loginsEnd(tx: SqlExecutor, { userPk, reason }: LoginsEnding): Promise<void> {
    if (reason === 'deleted') await tx.run('DELETE FROM push_settings WHERE userPk = ?', [userPk]);
  }
}

const settingsOf = ({
  nickname,
  style,
  language,
  quietFrom,
  quietTo,
  quietZone,
}: SettingsColumns): UserPushSettings => ({
  ...(nickname !== null && { nickname }),
  ...(style !== null && { style }),
  ...(language !== null && { language }),
  ...(quietFrom !== null &&
    quietTo !== null && {
      quietHours: { from: quietFrom, to: quietTo, ...(quietZone !== null && { timeZone: quietZone }) },
    }),
});
