import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { StoredRow } from './history';
import { sideConnection } from './stores';
import type { Tenant } from './tenants';

/** What the database holds, named as clients name it. */
export interface Dump {
  rows: StoredRow[];
  heads: Map<string, number>;
  /** `tenant/user` of everybody in a conversation. */
  members: Map<string, string[]>;
}

const CONVERSATIONS = `SELECT c.id, c.kind, c.maxSeq, a.appId, low.userId AS lowId, high.userId AS highId
  FROM conversations c JOIN apps a ON a.id = c.appPk
  LEFT JOIN users low ON low.id = c.lowPk LEFT JOIN users high ON high.id = c.highPk`;
const MESSAGES = `SELECT m.conversationPk, m.seq, u.userId AS sender, m.clientMessageId, m.body
  FROM messages m LEFT JOIN users u ON u.id = m.senderPk`;

/** Straight from the tables; the checker believes no answer of the application here. */
export async function dump(mysqlUrl: string, tenants: readonly Tenant[]): Promise<Dump> {
  const side = await sideConnection(mysqlUrl);
  try {
    const { names, heads, members } = await conversations(side, tenants);
    const [messages] = await side.query<RowDataPacket[]>(MESSAGES);
    const rows = messages.map((row): StoredRow => {
      const pk = Number(row.conversationPk);
      return {
        conversation: names.get(pk) ?? `?|conversation ${pk}`,
        seq: Number(row.seq),
        sender: typeof row.sender === 'string' ? row.sender : '-',
        id: String(row.clientMessageId),
        text: (JSON.parse(String(row.body)) as { text?: string }).text ?? '',
      };
    });
    return { rows, heads, members };
  } finally {
    side.destroy();
  }
}

/** Only the heads, cheap enough to ask often. */
export async function headsOf(mysqlUrl: string, tenants: readonly Tenant[]): Promise<Omit<Dump, 'rows'>> {
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
  const [rows] = await side.query<RowDataPacket[]>(CONVERSATIONS);
  for (const row of rows) {
    const tenant = tenants.find(({ appId }) => appId === row.appId);
    if (!tenant) continue;
    const users = [row.lowId, row.highId].filter((id): id is string => typeof id === 'string').sort();
    const name = `${tenant.name}|${row.kind === 1 ? 'user' : 'system'}:${users.join(':')}`;
    names.set(Number(row.id), name);
    heads.set(name, Number(row.maxSeq));
    members.set(
      name,
      users.map((user) => `${tenant.name}/${user}`),
    );
  }
  return { names, heads, members };
}
