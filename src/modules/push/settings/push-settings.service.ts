import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../../kernel/caller';
import { invalid } from '../../../kernel/errors/app-error';
import type { UserPushSettings } from '../decision';
import { localeOf } from '../devices/locale';
import { timeZoneOf } from '../devices/time-zone';
import type { PushSettingsDto, QuietHoursDto } from './push-settings.dto';
import { PushSettings } from './push-settings';
import type { QuietHours } from './quiet-hours';

/** A user's own wishes about its pushes. */
@Injectable()
export class PushSettingsService {
  constructor(private readonly settings: PushSettings) {}

  async get(caller: UserCaller): Promise<UserPushSettings> {
    return (await this.settings.of(caller.app.pk, [caller.userPk])).get(caller.userPk) ?? {};
  }

  /**
   * All at once: what is left out is the app's default again.
   *
   * @throws AppError INVALID_REQUEST naming the field; these are wishes, so one that is not understood is not passed over
   */
  async put(caller: UserCaller, given: PushSettingsDto): Promise<UserPushSettings> {
    await this.settings.put(caller.app.pk, caller.userPk, understood(given));
    return this.get(caller);
  }
}

function understood({ quietHours, language: saidLanguage, ...rest }: PushSettingsDto): UserPushSettings {
  const language = saidLanguage === undefined ? undefined : localeOf(saidLanguage);
  if (saidLanguage !== undefined && language === undefined) {
    throw invalid('language', 'A language tag is written as zh, pt-BR or zh-Hans-CN.');
  }
  return {
    ...rest,
    ...(language !== undefined && { language }),
    ...(quietHours && { quietHours: understoodHours(quietHours) }),
  };
}

function understoodHours({ from, to, timeZone: saidZone }: QuietHoursDto): QuietHours {
  if (from === to) throw invalid('quietHours.to', 'Quiet hours end at another time than they begin.');
  const timeZone = saidZone === undefined ? undefined : timeZoneOf(saidZone);
  if (saidZone !== undefined && timeZone === undefined) {
    throw invalid('quietHours.timeZone', 'Not a time zone that this server knows.');
  }
  return { from, to, ...(timeZone !== undefined && { timeZone }) };
}
