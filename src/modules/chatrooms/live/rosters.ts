/** Users who joined a room or left it, counted over all nodes. */
export interface RosterChange {
  /** The node that reported it. */
  readonly node: string;
  readonly room: number;
  readonly joined: readonly number[];
  readonly left: readonly number[];
}

/** A user's stay in a room, with the room's version when they joined. A removal at a later version ends it. */
export type Visit = readonly [userPk: number, version: number];

/**
 * Who is in which room on which node. Every node holds the rosters of all nodes in memory, so that counts, lists and
 * membership checks need no query.
 */
export class Rosters {
  /** By node, then by room: user → version. */
  private readonly byNode = new Map<string, Map<number, Map<number, number>>>();
  /** By room: user → on how many nodes. */
  private readonly counts = new Map<number, Map<number, number>>();
  private readonly listeners: ((change: RosterChange) => void)[] = [];

  /** The listener is called synchronously when a user joins a room on their first node or leaves it on their last one. */
  onChange(listener: (change: RosterChange) => void): void {
    this.listeners.push(listener);
  }

  apply(node: string, room: number, joined: readonly Visit[], left: readonly number[]): void {
    const arrived = joined.flatMap(([userPk, version]) => (this.put(node, room, userPk, version) ? [userPk] : []));
    const departed = left.filter((userPk) => this.drop(node, room, userPk));
    this.notify({ node, room, joined: arrived, left: departed });
  }

  /** Replaces all visits of one node to one room. */
  replace(node: string, room: number, visits: readonly Visit[]): void {
    const stay = new Set(visits.map(([userPk]) => userPk));
    const before = this.byNode.get(node)?.get(room);
    const left = before ? [...before.keys()].filter((userPk) => !stay.has(userPk)) : [];
    this.apply(node, room, visits, left);
  }

  /** Drops the node's visits to all other rooms. */
  keepOnly(node: string, rooms: readonly number[]): void {
    const kept = new Set(rooms);
    for (const room of [...(this.byNode.get(node)?.keys() ?? [])]) if (!kept.has(room)) this.replace(node, room, []);
  }

  /** All visits on one node, room by room. */
  *of(node: string): Iterable<[room: number, visits: Visit[]]> {
    for (const [room, visits] of this.byNode.get(node) ?? []) yield [room, [...visits]];
  }

  nodes(): string[] {
    return [...this.byNode.keys()];
  }

  has(room: number, userPk: number): boolean {
    return this.counts.get(room)?.has(userPk) === true;
  }

  /** @returns the version of the user's latest visit; undefined when they are not in the room */
  versionOf(room: number, userPk: number): number | undefined {
    if (!this.has(room, userPk)) return undefined;
    let latest = 0;
    for (const rooms of this.byNode.values()) latest = Math.max(latest, rooms.get(room)?.get(userPk) ?? 0);
    return latest;
  }

  /** @returns the version of the user's visit on one node */
  versionOn(node: string, room: number, userPk: number): number | undefined {
    return this.byNode.get(node)?.get(room)?.get(userPk);
  }

  count(room: number): number {
    return this.counts.get(room)?.size ?? 0;
  }

  users(room: number): number[] {
    return [...(this.counts.get(room)?.keys() ?? [])];
  }

  /** The nodes on which any of these users is in the room. */
  nodesWith(room: number, userPks: readonly number[]): string[] {
    return this.nodes().filter((node) => {
      const visits = this.byNode.get(node)?.get(room);
      return visits !== undefined && userPks.some((userPk) => visits.has(userPk));
    });
  }

  /** How many nodes have members of the room. */
  nodeCount(room: number): number {
    let nodes = 0;
    for (const rooms of this.byNode.values()) if (rooms.has(room)) nodes++;
    return nodes;
  }

  private put(node: string, room: number, userPk: number, version: number): boolean {
    const rooms = getOrCreate(this.byNode, node);
    const visits = getOrCreate(rooms, room);
    const known = visits.has(userPk);
    visits.set(userPk, version);
    if (known) return false;
    const counts = getOrCreate(this.counts, room);
    const nodes = counts.get(userPk) ?? 0;
    counts.set(userPk, nodes + 1);
    return nodes === 0;
  }

  private drop(node: string, room: number, userPk: number): boolean {
    const rooms = this.byNode.get(node);
    const visits = rooms?.get(room);
    if (!visits?.delete(userPk)) return false;
    if (visits.size === 0) rooms?.delete(room);
    if (rooms?.size === 0) this.byNode.delete(node);
    const counts = this.counts.get(room);
    const nodes = counts?.get(userPk) ?? 0;
    if (nodes > 1) {
      counts?.set(userPk, nodes - 1);
      return false;
    }
    counts?.delete(userPk);
    if (counts?.size === 0) this.counts.delete(room);
    return true;
  }

  private notify(change: RosterChange): void {
    if (change.joined.length === 0 && change.left.length === 0) return;
    for (const listener of this.listeners) listener(change);
  }
}

function getOrCreate<K, A, B>(maps: Map<K, Map<A, B>>, key: K): Map<A, B> {
  let inner = maps.get(key);
  if (!inner) maps.set(key, (inner = new Map<A, B>()));
  return inner;
}
