import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Happening, PushRecord, StoredGroup, StoredRow } from './history';
import { pushRecords } from './push-dump';
import { sideConnection } from './stores';
import type { Tenant } from './tenants';

/** What the database holds, named as clients name it. */
export interface Dump {
  rows: StoredRow[];
  heads: Map<string, number>;
  /** `tenant/user` of everybody in a conversation. */
  members: Map<string, string[]>;
  groups: Map<string, StoredGroup>;
  /** How each push ended. */
  records: PushRecord[];
}

const GROUP = 2;
const ROOM = 3;
const CONVERSATIONS = `SELECT c.id, c.kind, c.maxSeq, a.appId, low.userId AS lowId, high.userId AS highId, g.groupId, r.chatroomId,
    g.historyForNewMembers AS history
  FROM conversations c JOIN apps a ON a.id = c.appPk
  LEFT JOIN chat_groups g ON g.id = c.lowPk AND c.kind = ${GROUP}
  LEFT JOIN chatrooms r ON r.id = c.lowPk AND c.kind = ${ROOM}
  LEFT JOIN users low ON low.id = c.lowPk AND c.kind NOT IN (${GROUP}, ${ROOM})
  LEFT JOIN users high ON high.id = c.highPk`;
const WINDOWS = `SELECT m.conversationPk, u.userId, m.joinSeq, m.hearSeq, m.leaveSeq, g.role FROM members m
  JOIN conversations c ON c.id = m.conversationPk AND c.kind = ${GROUP} JOIN users u ON u.id = m.userPk
  LEFT JOIN group_members g ON g.groupPk = c.lowPk AND g.userPk = m.userPk`;
const MESSAGES = `SELECT m.conversationPk, m.seq, u.userId AS sender, m.clientMessageId, m.type, m.body, m.recipients
  FROM messages m LEFT JOIN users u ON u.id = m.senderPk`;

/** Straight from the tables; the checker believes no answer of the application here. */
export async function dump(mysqlUrl: string, tenants: readonly Tenant[]): Promise<Dump> {
  const side = await sideConnection(mysqlUrl);
  try {
    const { names, ...rest } = await conversations(side, tenants);
    const [messages] = await side.query<RowDataPacket[]>(MESSAGES);
    const rows = messages.map((row): StoredRow => {
      const pk = Number(row.conversationPk);
      const body = JSON.parse(String(row.body)) as { text?: string } & Happening;
      return {
        conversation: names.get(pk) ?? `?|conversation ${pk}`,
        seq: Number(row.seq),
        sender: typeof row.sender === 'string' ? row.sender : '-',
        id: String(row.clientMessageId),
        text: body.text ?? '',
        ...(typeof row.recipients === 'string' && {
          recipients: Object.values(JSON.parse(row.recipients) as Record<string, string>),
        }),
        ...(row.type === 'notice' && { notice: body }),
      };
    });
    return { rows, ...rest, records: await pushRecords(side, names) };
  } finally {
    side.destroy();
  }
}

/** Only the heads, cheap enough to ask often. */
export async function headsOf(mysqlUrl: string, tenants: readonly Tenant[]): Promise<Omit<Dump, 'rows' | 'records'>> {
  const side = await sideConnection(mysqlUrl);
  try {
    return await conversations(side, tenants);
  } finally {
    side.destroy();
  }
}

async function conversations(side: Connection, tenants: readonly Tenant[]) {
  const names = new Map<number, string>();
  const heads: Dump['heads'] = new Map();
  const members: Dump['members'] = new Map();
  const groups: Dump['groups'] = new Map();
  const [rows] = await side.query<RowDataPacket[]>(CONVERSATIONS);
  const [windows] = await side.query<RowDataPacket[]>(WINDOWS);
  for (const row of rows) {
    const tenant = tenants.find(({ appId }) => appId === row.appId);
    if (!tenant) continue;
    const users = [row.lowId, row.highId].filter((id): id is string => typeof id === 'string').sort();
    const own = row.kind === GROUP ? windows.filter(({ conversationPk }) => conversationPk === row.id) : [];
    const name = `${tenant.name}|${nameOf(row, users)}`;
    names.set(Number(row.id), name);
    heads.set(name, Number(row.maxSeq));
    // Who is in a room is whose connection is in it: nobody is entitled to what it missed.
    if (row.kind === ROOM) continue;
    if (row.kind === GROUP) groups.set(name, groupOf(row, own));
    const present = row.kind === GROUP ? own.filter(({ leaveSeq }) => leaveSeq === null) : [];
    members.set(
      name,
      [...users, ...present.map(({ userId }) => String(userId))].map((user) => `${tenant.name}/${user}`),
    );
  }
  return { names, heads, members, groups };
}

function nameOf({ kind, groupId, chatroomId }: RowDataPacket, users: readonly string[]): string {
  if (kind === GROUP) return `group:${String(groupId)}`;
  if (kind === ROOM) return `chatroom:${String(chatroomId)}`;
  return `${kind === 1 ? 'user' : 'system'}:${users.join(':')}`;
}

const groupOf = ({ history }: RowDataPacket, windows: readonly RowDataPacket[]): StoredGroup => ({
  history: history === 1,
  members: windows.filter(({ role }) => role !== null).map(({ userId }) => String(userId)),
  windows: new Map(
    windows.map(({ userId, joinSeq, hearSeq, leaveSeq }) => [
      String(userId),
      { joinSeq: Number(joinSeq), hearSeq: Number(hearSeq), leaveSeq: leaveSeq === null ? null : Number(leaveSeq) },
    ]),
  ),
});
