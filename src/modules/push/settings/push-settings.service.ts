import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../../kernel/caller';
import { invalid } from '../../../kernel/errors/app-error';
import type { UserPushSettings } from '../decision';
import type { PushSettingsDto } from './push-settings.dto';
import { PushSettings } from './push-settings';
import { isTimeZone } from './quiet-hours';

/** A user's own wishes about its pushes. */
@Injectable()
export class PushSettingsService {
  constructor(private readonly settings: PushSettings) {}

  async get(caller: UserCaller): Promise<UserPushSettings> {
    return (await this.settings.of(caller.app.pk, [caller.userPk])).get(caller.userPk) ?? {};
  }

  /** All at once: what is left out is the app's default again. */
  async put(caller: UserCaller, wishes: PushSettingsDto): Promise<UserPushSettings> {
    const { quietHours } = wishes;
    if (quietHours && quietHours.from === quietHours.to) {
      throw invalid('quietHours.to', 'Quiet hours end at another time than they begin.');
    }
    if (quietHours?.timeZone !== undefined && !isTimeZone(quietHours.timeZone)) {
      throw invalid('quietHours.timeZone', 'Not a time zone that this server knows.');
    }
    await this.settings.put(caller.app.pk, caller.userPk, wishes);
    return this.get(caller);
  }
}
