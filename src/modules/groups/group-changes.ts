import { Injectable, Logger } from '@nestjs/common';
import type { TenantCaller } from '../../kernel/caller';
import type { BusFrames } from '../../kernel/contracts/bus-frames';
import type { GroupEvent } from '../../kernel/contracts/socket-events';
import { AppError } from '../../kernel/errors/app-error';
import type { SqlExecutor } from '../../platform/database/sql';
import { Encoded, Live } from '../../platform/realtime/live';
import { SenderAdmission, UserEvents } from '../accounts';
import { type Changed, type ChangeContext, ConversationLog, type ConversationRef, Delivery } from '../conversations';
import { GroupDirectory } from './group-directory';
import { GroupHearers } from './group-hearers';
import { assertVisible, type Happening, isApp, type Outcome, type Scene } from './group-scene';
import { GroupsRepository } from './groups.repository';

/** What is to be told once it is committed. */
interface Done<T> {
  result: T;
  logged: GroupEvent[];
  told: { event: GroupEvent; to: readonly number[] }[];
  /** Who came and went. */
  members?: Pick<BusFrames['members'], 'since' | 'entered' | 'left'>;
}

export interface RunOptions {
  /** A suspended group lets its members leave. */
  readonly evenSuspended?: boolean;
  /** Nobody asked for it (a deleted user's end): there is no session and no running app to look for. */
  readonly unasked?: boolean;
}

/**
 * Every change of a group goes through here: under the lock of its conversation's row, judged by what stands there now
 * (whoever asks, by a session that still lives), told in its log by the same commit, and then to whoever is connected.
 */
@Injectable()
export class GroupChanges {
  private readonly logger = new Logger(GroupChanges.name);

  constructor(
    private readonly log: ConversationLog,
    private readonly delivery: Delivery,
    private readonly live: Live,
    private readonly events: UserEvents,
    private readonly senders: SenderAdmission,
    private readonly directory: GroupDirectory,
    private readonly hearers: GroupHearers,
    private readonly groups: GroupsRepository,
  ) {}

  /** @throws AppError GROUP_NOT_FOUND to those who may not see it, GROUP_SUSPENDED, TOKEN_REVOKED, what `work` refuses */
  async run<T>(
    caller: TenantCaller,
    groupId: string,
    work: (scene: Scene) => Promise<Outcome<T>>,
    options: RunOptions = {},
  ): Promise<T> {
    const conversation = await this.directory.find(caller.app, groupId);
    return this.commit(caller, conversation, async (tx, context) => {
      if (!options.unasked) await this.senders.assertStanding(tx, caller);
      const scene = await this.scene(tx, caller, context);
      if (scene.group.status === 'dissolved') throw new AppError('GROUP_NOT_FOUND');
      if (scene.group.status === 'suspended' && !options.evenSuspended && !isApp(scene)) {
        assertVisible(scene);
        throw new AppError('GROUP_SUSPENDED');
      }
      return work(scene);
    });
  }

  /** The same for a group that `make` makes, together with its conversation, in the same transaction. */
  found<T>(
    caller: TenantCaller,
    make: (tx: SqlExecutor) => Promise<ConversationRef>,
    work: (scene: Scene) => Promise<Outcome<T>>,
  ): Promise<T> {
    return this.commit(caller, make, async (tx, context) => {
      await this.senders.assertStanding(tx, caller);
      return work(await this.scene(tx, caller, context));
    });
  }

  private async commit<T>(
    caller: TenantCaller,
    where: ConversationRef | ((tx: SqlExecutor) => Promise<ConversationRef>),
    work: (tx: SqlExecutor, context: ChangeContext) => Promise<Outcome<T>>,
  ): Promise<T> {
    const changed = await this.log.change<Done<T>>(caller.app, where, async (tx, context) => {
      const outcome = await work(tx, context);
      const done = this.told(caller, context, outcome);
      await this.keep(tx, outcome, done);
      const notices = done.logged.map(({ groupId: _, seq: __, ...body }) => ({ body: JSON.stringify(body) }));
      return { result: done, notices, membersChanged: done.members !== undefined };
    });
    const { conversation, memberVersion, result } = changed;
    if (result.members) this.hearers.changed({ conversationPk: conversation.pk, memberVersion, ...result.members });
    for (const appended of changed.appended) this.delivery.deliver(appended);
    this.announce(changed).catch((error: unknown) =>
      this.logger.warn(`sending a group event failed; members see it in the log: ${String(error)}`),
    );
    return result.result;
  }

  private async scene(tx: SqlExecutor, caller: TenantCaller, context: ChangeContext): Promise<Scene> {
    const group = await this.groups.byPk(context.conversation.lowPk, tx);
    if (!group) throw new AppError('GROUP_NOT_FOUND');
    if (caller.kind === 'app') return { ...context, tx, caller, group };
    const standings = await this.groups.standings(tx, group.id, [caller.userPk]);
    return { ...context, tx, caller, group, standing: standings.get(caller.userPk) };
  }

  private told<T>(caller: TenantCaller, { conversation, head }: ChangeContext, outcome: Outcome<T>): Done<T> {
    const { happened = [], told = [], entered = [], gone = [], result } = outcome;
    const groupId = conversation.conversationId.slice('group:'.length);
    const by = caller.kind === 'user' ? caller.userId : null;
    const eventOf = ({ kind, users, more }: Happening, seq?: number): GroupEvent => ({
      groupId,
      kind,
      by,
      users: users.map(({ userId }) => userId),
      ...(seq !== undefined && { seq }),
      ...more,
    });
    return {
      result,
      logged: happened.map((happening, index) => eventOf(happening, head.maxSeq + 1 + index)),
      told: told.map((happening) => ({ event: eventOf(happening), to: happening.to })),
      ...(entered.length + gone.length > 0 && {
        members: { since: head.maxSeq + 1, entered: entered.map(({ userPk }) => userPk), left: [...gone] },
      }),
    };
  }

  /** In the own event logs of those whom the group's log does not reach. Their rows in ascending order. */
  private async keep<T>(tx: SqlExecutor, { told = [], gone = [] }: Outcome<T>, done: Done<T>): Promise<void> {
    const kept: { userPk: number; about: string; event: GroupEvent }[] = [];
    for (const event of done.logged) for (const userPk of gone) kept.push({ userPk, about: event.kind, event });
    told.forEach(({ kept: keep, to, kind, about = kind }, index) => {
      const event = done.told[index]?.event;
      if (keep && event) for (const userPk of to) kept.push({ userPk, about, event });
    });
    kept.sort((a, b) => a.userPk - b.userPk);
    for (const { userPk, about, event } of kept) {
      await this.events.append(tx, userPk, 'group', `${event.groupId}:${about}`, { ...event });
    }
  }

  private async announce<T>({ conversation, appended, memberVersion, result }: Changed<Done<T>>): Promise<void> {
    const { appPk, pk: stream } = conversation;
    for (const { event, to } of result.told) this.live.toUsers(appPk, to, 'group:event', event);
    const last = appended[appended.length - 1];
    if (!last) return;
    const at = { seq: last.message.seq, memberVersion };
    const hearers = await this.hearers.of(conversation, at);
    const { conversationId } = conversation;
    for (const event of result.logged) {
      const { seq: maxSeq = at.seq } = event;
      const said = new Encoded(JSON.stringify(event), { conversationId, maxSeq });
      this.live.toUsers(appPk, hearers, 'group:event', said, { stream, hearers: at });
      if (result.members) this.live.toUsers(appPk, result.members.left, 'group:event', said);
    }
  }
}
