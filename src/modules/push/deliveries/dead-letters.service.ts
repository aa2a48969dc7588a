import { Injectable } from '@nestjs/common';
import type { OperatorCaller } from '../../../kernel/caller';
import { AppError } from '../../../kernel/errors/app-error';
import { readCursor } from '../../../platform/entry/cursor';
import { limitOf, type Page, type PageQuery, pageOf } from '../../../platform/entry/page-query';
import { Apps } from '../../tenancy';
import { PushFanouts } from '../tasks/push-fanouts';
import { PushPump } from '../tasks/push-pump';

/** Messages about which nothing could be decided, however often it was tried. */
export interface DeadLetter {
  deadLetterId: string;
  appId?: string;
  /** How many messages it stands for. */
  messages: number;
  reason: string;
  createdAt: string;
}

const ID = /^[1-9][0-9]{0,15}$/;

/** What an operator has to look at. Pushes that failed at a vendor are their app's own: `GET /v1/push/deliveries`. */
@Injectable()
export class DeadLettersService {
  constructor(
    private readonly fanouts: PushFanouts,
    private readonly apps: Apps,
    private readonly pump: PushPump,
  ) {}

  async list(_: OperatorCaller, query: PageQuery): Promise<Page<DeadLetter>> {
    const limit = limitOf(query);
    const [before] = readCursor(query.cursor, 'number') ?? [];
    const rows = await this.fanouts.dead(limit + 1, before);
    const apps = new Map(
      await Promise.all(
        [...new Set(rows.map(({ appPk }) => appPk))].map(async (pk) => [pk, await this.apps.byPk(pk)] as const),
      ),
    );
    return pageOf(
      rows,
      limit,
      ({ id }) => [id],
      ({ id, appPk, items, reason, createdAt }) => ({
        deadLetterId: String(id),
        ...(apps.get(appPk) && { appId: apps.get(appPk)?.appId }),
        messages: items.length,
        reason: reason ?? '',
        createdAt: createdAt.toISOString(),
      }),
    );
  }

  /** @throws AppError DEAD_LETTER_NOT_FOUND */
  async replay(_: OperatorCaller, deadLetterId: string): Promise<void> {
    const appPk = ID.test(deadLetterId) ? await this.fanouts.replay(Number(deadLetterId)) : undefined;
    if (appPk === undefined) throw new AppError('DEAD_LETTER_NOT_FOUND');
    this.pump.nudge('push-decide', appPk);
  }
}
