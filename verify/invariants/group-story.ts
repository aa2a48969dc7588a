import type { Happening, StoredGroup, StoredRow } from '../history';

/** When a user was in a group, by the seqs of its log. */
export interface Window {
  /** The first seq it may read, and the first that it hears live: the notice with which it came in. */
  from: number;
  heard: number;
  /** The notice with which it went; absent while it is in. */
  to?: number;
}

/** What stands in the log against the log itself. */
export interface Contradiction {
  says: string;
  rows: StoredRow[];
}

interface Role {
  owner?: string;
  readonly admins: Set<string>;
  readonly speakers: Set<string>;
  /** By user, and under the empty name for all: the notice that muted. */
  readonly muted: Map<string, StoredRow>;
}

const ALL = '';

/**
 * The story of a group as its own log tells it: every change is a line of the log, under the same lock as the messages,
 * so who was in, who could speak and who reads what follows from the log alone.
 */
export class GroupStory {
  readonly windows = new Map<string, Window[]>();
  readonly contradictions: Contradiction[] = [];
  private readonly role: Role = { admins: new Set(), speakers: new Set(), muted: new Map() };
  private dissolved: StoredRow | undefined;

  /** @param bySelf whether a line was sent by its sender itself, and not by the app's server in its name */
  constructor(
    log: readonly StoredRow[],
    private readonly group: StoredGroup,
    bySelf: (row: StoredRow) => boolean,
  ) {
    for (const row of log) {
      if (this.dissolved) this.against(`${row.conversation} goes on after its end`, this.dissolved, row);
      if (row.notice) this.happened(row, row.notice);
      else this.said(row, bySelf(row));
    }
  }

  /** The window in which a user is at the end of the log. */
  present(user: string): Window | undefined {
    const last = this.windows.get(user)?.at(-1);
    return last && last.to === undefined ? last : undefined;
  }

  get members(): string[] {
    return [...this.windows.keys()].filter((user) => this.present(user));
  }

  may(user: string, seq: number, live: boolean): boolean {
    const windows = this.windows.get(user) ?? [];
    return windows.some(({ from, heard, to = Infinity }) => seq >= (live ? heard : from) && seq <= to);
  }

  begins(user: string, seq: number): boolean {
    return (this.windows.get(user) ?? []).some(({ from }) => from === seq);
  }

  private against(says: string, ...rows: StoredRow[]): void {
    this.contradictions.push({ says, rows });
  }

  private happened(row: StoredRow, { kind, users, all, admin, maySpeak }: Happening): void {
    const { role } = this;
    if (kind === 'created') role.owner = users[0];
    if (kind === 'dissolved') this.dissolved = row;
    if (all) setIn(role.muted, ALL, kind === 'muted' ? row : undefined);
    for (const user of users) {
      if (kind === 'created' || kind === 'joined') this.enters(user, row);
      else if (kind === 'left' || kind === 'removed') this.goes(user, row);
      else if (kind === 'owner-changed') this.inherits(user, row);
      else if (kind === 'admin-changed') put(role.admins, user, admin === true);
      else if (kind === 'muted' || kind === 'unmuted') setIn(role.muted, user, kind === 'muted' ? row : undefined);
      else if (kind === 'updated' && maySpeak !== undefined) put(role.speakers, user, maySpeak);
    }
  }

  private enters(user: string, row: StoredRow): void {
    if (this.present(user)) this.against(`${user} came into ${row.conversation} and was in already`, row);
    const windows = this.windows.get(user) ?? [];
    windows.push({ from: this.group.history ? 1 : row.seq, heard: row.seq });
    this.windows.set(user, windows);
  }

  private goes(user: string, row: StoredRow): void {
    const window = this.present(user);
    if (window) window.to = row.seq;
    else this.against(`${user} went from ${row.conversation} without being in`, row);
    if (user === this.role.owner) this.against(`the owner went from ${row.conversation}`, row);
    this.role.admins.delete(user);
  }

  private inherits(user: string, row: StoredRow): void {
    if (!this.present(user)) this.against(`${user} owns ${row.conversation} from outside`, row);
    this.role.owner = user;
    this.role.admins.delete(user);
  }

  private said(row: StoredRow, bySelf: boolean): void {
    const { sender, conversation, seq } = row;
    for (const user of row.recipients ?? []) {
      if (!this.present(user)) this.against(`seq ${seq} of ${conversation} is directed to ${user}, who is not in`, row);
    }
    if (!bySelf) return;
    if (!this.present(sender)) this.against(`${sender} spoke in ${conversation} from outside`, row);
    const { owner, admins, speakers, muted } = this.role;
    const free = sender === owner || admins.has(sender) || speakers.has(sender);
    const mute = muted.get(sender) ?? (free ? undefined : muted.get(ALL));
    if (mute) this.against(`${sender} spoke in ${conversation} while muted`, mute, row);
  }
}

const put = (set: Set<string>, user: string, there: boolean): void => void (there ? set.add(user) : set.delete(user));

function setIn<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

/** One change, named the same by who asked for it and by the log. */
export function changeKey(conversation: string, { kind, users, all, admin, maySpeak, banned }: Happening): string {
  const more = { all, admin, maySpeak, banned };
  const said = Object.entries(more).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${String(value)}`],
  );
  return [conversation, kind, [...users].sort().join(','), ...said].join(' ');
}
