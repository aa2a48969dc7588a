import { Injectable } from '@nestjs/common';
import type { AppRef } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { PAIRS, pairsValue } from '../../platform/database/pairs';
import { Sql, type SqlExecutor } from '../../platform/database/sql';
import { untilOf } from '../../platform/database/until';
import { SenderAdmission } from '../accounts';
import {
  type Admission,
  type Audience,
  Audiences,
  type ConversationRef,
  type HeardAt,
  Members,
  type Sender,
} from '../conversations';
import type { GroupStatus, Role, Visibility } from './group.entity';
import { GroupDirectory } from './group-directory';
import { GroupHearers } from './group-hearers';

interface GroupState {
  id: number;
  status: GroupStatus;
  visibility: Visibility;
  muteAll: number;
}

interface MemberState {
  role: Role;
  muted: number;
  mutedUntil: Date | null;
  maySpeak: number;
}

/** The members of a group: who may speak in it, and who hears it. */
@Injectable()
export class GroupAudience implements Audience {
  readonly kind = 'group';
  readonly reachesAbsentMembers = true;

  constructor(
    audiences: Audiences,
    readonly targets: GroupDirectory,
    private readonly groupHearers: GroupHearers,
    private readonly membership: Members,
    private readonly senders: SenderAdmission,
    private readonly sql: Sql,
  ) {
    audiences.register(this);
  }

  open(app: AppRef, _sender: Sender | null, id: string): ConversationRef | Promise<ConversationRef> {
    return this.targets.cached(app, id) ?? this.targets.find(app, id, 'to.id');
  }

  /** Two statements for the groups of a batch, whatever their size, beside the one about its senders; one trip for all. */
  async admit(tx: SqlExecutor, admissions: readonly Admission[]): Promise<(AppError | undefined)[]> {
    const [{ refusals }, groups, members] = await Promise.all([
      this.senders.check(tx, admissions),
      this.groups(tx, admissions),
      this.membersAsked(tx, admissions),
    ]);
    return admissions.map(
      (admission, index) => refusals[index] ?? refusalOf(admission, groups.get(admission.conversation.lowPk), members),
    );
  }

  hearers(conversation: ConversationRef, at?: HeardAt): readonly number[] | Promise<readonly number[]> {
    return this.groupHearers.of(conversation, at);
  }

  members(conversation: ConversationRef, start?: number): AsyncIterable<number[]> {
    return this.membership.pages(conversation, start);
  }

  /** A member's own; the whole log to others where the group says so. Who was removed is one of the others. */
  async window(conversation: ConversationRef, userPk: number): Promise<{ from: number; to?: number } | undefined> {
    const own = await this.membership.window(conversation, userPk);
    if (own) return own;
    const [open] = await this.sql.rows(
      `SELECT g.id FROM chat_groups g LEFT JOIN group_sanctions s ON s.groupPk = g.id AND s.userPk = ?
        WHERE g.id = ? AND g.readableByNonMembers = 1 AND g.status = 'active' AND COALESCE(s.banned, 0) = 0`,
      [userPk, conversation.lowPk],
    );
    return open && { from: 1 };
  }

  private async groups(tx: SqlExecutor, admissions: readonly Admission[]): Promise<Map<number, GroupState>> {
    const rows = await tx.rows<GroupState>('SELECT id, status, visibility, muteAll FROM chat_groups WHERE id IN (?)', [
      [...new Set(admissions.map(({ conversation }) => conversation.lowPk))],
    ]);
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** By `group:user`: the senders, and those to whom something is directed. */
  private async membersAsked(tx: SqlExecutor, admissions: readonly Admission[]): Promise<Map<string, MemberState>> {
    const pairs = admissions.flatMap(({ conversation: { lowPk }, sender, recipients }) =>
      [...(sender ? [sender.userPk] : []), ...(recipients?.keys() ?? [])].map((userPk): [number, number] => [
        lowPk,
        userPk,
      ]),
    );
    if (pairs.length === 0) return new Map();
    const rows = await tx.rows<MemberState & { groupPk: number; userPk: number }>(
      `SELECT m.groupPk, m.userPk, m.role, s.mutedUntil, COALESCE(s.mutedUntil > NOW(3), 0) AS muted,
              COALESCE(s.maySpeak, 0) AS maySpeak
         FROM ${PAIRS} STRAIGHT_JOIN group_members m ON m.groupPk = d.a AND m.userPk = d.b
         LEFT JOIN group_sanctions s ON s.groupPk = m.groupPk AND s.userPk = m.userPk`,
      [pairsValue(pairs)],
    );
    return new Map(rows.map((row) => [`${row.groupPk}:${row.userPk}`, row]));
  }
}

function refusalOf(
  { conversation: { lowPk }, sender, recipients, mentions }: Admission,
  group: GroupState | undefined,
  members: ReadonlyMap<string, MemberState>,
): AppError | undefined {
  if (!group || group.status === 'dissolved') return new AppError('GROUP_NOT_FOUND', { field: 'to.id' });
  for (const userPk of recipients?.keys() ?? []) {
    if (!members.has(`${lowPk}:${userPk}`)) return new AppError('NOT_MEMBER', { field: 'options.recipients' });
  }
  // The app's server speaks for whom it likes, and is bound by no rule of the group.
  if (!sender?.session) return undefined;
  const member = members.get(`${lowPk}:${sender.userPk}`);
  if (!member) {
    return group.visibility === 'private'
      ? new AppError('GROUP_NOT_FOUND', { field: 'to.id' })
      : new AppError('NOT_MEMBER', { field: 'to.id' });
  }
  if (group.status === 'suspended') return new AppError('GROUP_SUSPENDED');
  if (mentions?.all && member.role === 'member') {
    return new AppError('FORBIDDEN', { field: 'options.mentions.all', message: 'Only owner and admins name all.' });
  }
  return silenced(group, member);
}

function silenced({ muteAll }: GroupState, { role, muted, mutedUntil, maySpeak }: MemberState): AppError | undefined {
  if (muted === 1) return new AppError('MUTED', { details: { until: untilOf(mutedUntil) } });
  if (muteAll === 1 && role === 'member' && maySpeak === 0) return new AppError('MUTED', { details: { all: true } });
  return undefined;
}
