import { Injectable } from '@nestjs/common';
import type { OperatorCaller } from '../../../kernel/caller';
import type { OwedKind } from '../../../kernel/contracts/jobs';
import { AppError } from '../../../kernel/errors/app-error';
import { readCursor } from '../../../platform/entry/cursor';
import { limitOf, type Page, type PageQuery } from '../../../platform/entry/page-query';
import { Pages } from '../../../platform/entry/pages';
import { type DeadOwed, Outbox } from '../../../platform/queues/outbox';
import { Apps } from '../../tenancy';
import { type DeadFanout, PushFanouts } from '../tasks/push-fanouts';
import { PushPump } from '../tasks/push-pump';

/** What was owed after a commit, and could not be done however often it was tried. */
export interface DeadLetter {
  deadLetterId: string;
  /** `push`: the decision about pushes; else what had to be done before that. */
  kind: 'push' | OwedKind;
  /** Whose it is, where it is one app's. */
  appId?: string;
  /** How many messages it stands for. */
  messages: number;
  reason: string;
  createdAt: string;
}

/** A row of either table; those of push come first. */
type Dead = { readonly source: 0; readonly row: DeadFanout } | { readonly source: 1; readonly row: DeadOwed };

const ID = /^(owed-)?([1-9][0-9]{0,15})$/;

/** What an operator has to look at. Pushes that failed at a vendor are their app's own: `GET /v1/push/deliveries`. */
@Injectable()
export class DeadLettersService {
  constructor(
    private readonly fanouts: PushFanouts,
    private readonly outbox: Outbox,
    private readonly apps: Apps,
    private readonly pump: PushPump,
    private readonly pages: Pages,
  ) {}

  async list(_: OperatorCaller, query: PageQuery): Promise<Page<DeadLetter>> {
    const limit = limitOf(query);
    const [source, before] = readCursor(query.cursor, 'number', 'number') ?? [0, undefined];
    const dead: Dead[] = [];
    if (source === 0) for (const row of await this.fanouts.dead(limit + 1, before)) dead.push({ source: 0, row });
    const left = limit + 1 - dead.length;
    if (left > 0)
      for (const row of await this.outbox.dead(left, source === 0 ? undefined : before)) dead.push({ source: 1, row });
    const appIds = await this.appIdsOf(dead);
    return this.pages.of(
      dead,
      limit,
      (each) => [each.source, each.row.id],
      (each) => letterOf(each, appIds),
    );
  }

  /** @throws AppError DEAD_LETTER_NOT_FOUND */
  async replay(_: OperatorCaller, deadLetterId: string): Promise<void> {
    const [, owed, id] = ID.exec(deadLetterId) ?? [];
    const found =
      id !== undefined && (owed ? await this.outbox.revive(Number(id)) : await this.decideAgain(Number(id)));
    if (!found) throw new AppError('DEAD_LETTER_NOT_FOUND');
  }

  private async decideAgain(id: number): Promise<boolean> {
    const appPk = await this.fanouts.replay(id);
    if (appPk !== undefined) this.pump.nudge('push-decide', appPk);
    return appPk !== undefined;
  }

  private async appIdsOf(dead: readonly Dead[]): Promise<Map<number, string>> {
    const appPks = new Set(dead.flatMap(({ source, row }) => (source === 0 ? [row.appPk] : [])));
    const apps = await Promise.all([...appPks].map((appPk) => this.apps.byPk(appPk)));
    return new Map(apps.flatMap((app) => (app ? [[app.pk, app.appId] as const] : [])));
  }
}

function letterOf({ source, row }: Dead, appIds: ReadonlyMap<number, string>): DeadLetter {
  const { messages, reason, createdAt } = row;
  const ends = { messages, reason: reason ?? '', createdAt: createdAt.toISOString() };
  if (source === 1) return { deadLetterId: `owed-${row.id}`, kind: row.kind, ...ends };
  const appId = appIds.get(row.appPk);
  return { deadLetterId: String(row.id), kind: 'push', ...(appId !== undefined && { appId }), ...ends };
}
