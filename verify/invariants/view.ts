import {
  type Applied,
  type Change,
  type Event,
  type FinalState,
  type InvariantName,
  type FaultSeen,
  messageKey,
  type PushAsked,
  type PushRecord,
  type Received,
  type RoomJoin,
  type SendFail,
  type SendInfo,
  type SendInvoke,
  type SendOk,
  type StoredRow,
  tenantOf,
} from '../history';
import { changeKey, GroupStory } from './group-story';
import { type Stay, staysOf } from './stays';

/** A broken promise and the shortest piece of history that shows it. */
export interface Violation {
  invariant: InvariantName;
  says: string;
  evidence: (Event | StoredRow | PushRecord)[];
}

/** Everything that happened to one message on its way in. */
export interface Story {
  key: string;
  invokes: SendInvoke[];
  oks: SendOk[];
  fails: SendFail[];
  infos: SendInfo[];
}

/** The history, indexed once for all invariants. */
export class View {
  readonly stories = new Map<string, Story>();
  /** The final log of each conversation, by seq. */
  readonly logs = new Map<string, StoredRow[]>();
  readonly rowsByKey = new Map<string, StoredRow[]>();
  /** What each device applied, by conversation, in its order. */
  readonly applied = new Map<string, Map<string, Applied[]>>();
  /** What the log of each group tells. */
  readonly groups = new Map<string, GroupStory>();
  /** The notices of all groups by `changeKey`, and the changes that were asked for. */
  readonly notices = new Map<string, StoredRow[]>();
  readonly changes: Change[] = [];
  /** What the vendors of push services were asked. */
  readonly pushes: PushAsked[] = [];
  /** When something was broken: one after the other, the last one perhaps not healed. */
  private readonly faults: { from: number; to: number }[] = [];
  /** When devices asked to come into rooms, and when they were answered. */
  readonly joins: (RoomJoin & { answeredAt: number })[] = [];
  /** Which device was in which room when. */
  readonly stays: Stay[];
  private readonly changesByGroup = new Map<string, Change[]>();
  private readonly places = new Map<string, StoredRow>();

  constructor(
    readonly events: readonly Event[],
    readonly final: FinalState,
  ) {
    for (const event of events) {
      if (event.type === 'send.invoke') this.story(event).invokes.push(event);
      else if (event.type === 'send.ok') this.story(event).oks.push(event);
      else if (event.type === 'send.fail') this.story(event).fails.push(event);
      else if (event.type === 'send.info') this.story(event).infos.push(event);
      else if (event.type === 'change') this.changes.push(event);
      else if (event.type === 'push') this.pushes.push(event);
      else if (event.type === 'fault') this.noteFault(event);
      else if (event.type === 'apply') push(inner(this.applied, event.device), event.conversation, event);
    }
    this.stays = staysOf(events);
    this.joins = answered(events);
    for (const row of final.rows) {
      push(this.logs, row.conversation, row);
      push(this.rowsByKey, keyOf(row), row);
      this.places.set(`${row.conversation}#${row.seq}`, row);
      if (row.notice) push(this.notices, changeKey(row.conversation, row.notice), row);
    }
    for (const log of this.logs.values()) log.sort((a, b) => a.seq - b.seq);
    for (const change of this.changes) push(this.changesByGroup, change.conversation, change);
    for (const [conversation, group] of final.groups)
      this.groups.set(conversation, new GroupStory(this.logs.get(conversation) ?? [], group, this.bySelf));
  }

  storyOf(named: Pick<Received, 'conversation' | 'sender' | 'id'>): Story | undefined {
    return this.stories.get(keyOf(named));
  }

  rowAt({ conversation, seq }: { conversation: string; seq: number }): StoredRow | undefined {
    return this.places.get(`${conversation}#${seq}`);
  }

  /** Whether anything was broken at some moment of this time. */
  faultsBetween(from: number, to: number): boolean {
    return this.faults.some((fault) => fault.from <= to && fault.to >= from);
  }

  private noteFault({ phase, at }: FaultSeen): void {
    const last = this.faults.at(-1);
    if (phase === 'begin') this.faults.push({ from: at, to: Infinity });
    else if (last) last.to = at;
  }

  /** Whether a user is shown what a message says, and not only its place. */
  maySee({ recipients, sender }: StoredRow, userId: string): boolean {
    return !recipients || sender === userId || recipients.includes(userId);
  }

  changesOf(conversation: string): readonly Change[] {
    return this.changesByGroup.get(conversation) ?? [];
  }

  /** The app's own server, which no rule of a group binds. */
  byServer = (device: string): boolean => device.startsWith(`${tenantOf(device)}/-/`);

  /** What a member holds of a log when it holds everything it may: in a group from its present window on. */
  logOf(conversation: string, userId: string): readonly StoredRow[] {
    const log = this.logs.get(conversation) ?? [];
    const from = this.groups.get(conversation)?.present(userId)?.from ?? 1;
    return from === 1 ? log : log.filter(({ seq }) => seq >= from);
  }

  appliedBy(device: string, conversation: string): readonly Applied[] {
    return this.applied.get(device)?.get(conversation) ?? [];
  }

  /** The conversations that a user may read. */
  conversationsOf(user: string): string[] {
    return [...this.final.members].filter(([, users]) => users.includes(user)).map(([conversation]) => conversation);
  }

  private bySelf = (row: StoredRow): boolean =>
    row.sender !== '-' && !this.stories.get(keyOf(row))?.invokes.some(({ device }) => this.byServer(device));

  private story(event: { conversation: string; sender: string; id: string }): Story {
    const key = keyOf(event);
    let story = this.stories.get(key);
    if (!story) this.stories.set(key, (story = { key, invokes: [], oks: [], fails: [], infos: [] }));
    return story;
  }
}

/** An answer that never came may have come at any time. */
function answered(events: readonly Event[]): View['joins'] {
  const waiting = new Map<string, View['joins'][number]>();
  const joins: View['joins'] = [];
  for (const event of events) {
    if (event.type !== 'room.join' && event.type !== 'room.joined') continue;
    const key = `${event.conversation} ${event.device}`;
    if (event.type === 'room.joined') {
      const join = waiting.get(key);
      if (join) join.answeredAt = event.at;
      continue;
    }
    const join = { ...event, answeredAt: Infinity };
    waiting.set(key, join);
    joins.push(join);
  }
  return joins;
}

export const keyOf = (named: { conversation: string; sender: string; id: string }): string =>
  messageKey(named.conversation, named.sender, named.id);

export function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function inner<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  let found = map.get(key);
  if (!found) map.set(key, (found = new Map()));
  return found;
}

/**
 * Observations of something that may only rise: pairs where one that began after another had ended shows less. Each
 * fall is told once, against the highest that had been shown by then.
 */
export function falls<T extends { began: number; at: number }>(
  seen: readonly T[],
  value: (one: T) => number,
): [T, T][] {
  const ended = [...seen].sort((a, b) => a.at - b.at);
  const found: [T, T][] = [];
  let next = 0;
  let highest: T | undefined;
  for (const one of [...seen].sort((a, b) => a.began - b.began)) {
    for (let earlier = ended[next]; earlier && earlier.at < one.began; earlier = ended[++next]) {
      if (!highest || value(earlier) > value(highest)) highest = earlier;
    }
    if (highest && value(one) < value(highest)) found.push([highest, one]);
  }
  return found;
}
