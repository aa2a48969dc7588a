/** Who came to a room and who is no longer in it, seen over all nodes. */
export interface RosterChange {
  /** The node that says so. */
  readonly node: string;
  readonly room: number;
  readonly came: readonly number[];
  readonly gone: readonly number[];
}

/** A visit: the room's version when the user came in. Who was removed at a later one is in no more. */
export type Visit = readonly [userPk: number, version: number];

/**
 * Who is in which room, on which nodes, as far as this node has heard: its own visitors and what every other node says
 * of its. Each node knows all of it, so that a count, a list or "is she in?" is a look into memory.
 */
export class Rosters {
  /** By node, then by room: user → version. */
  private readonly byNode = new Map<string, Map<number, Map<number, number>>>();
  /** By room: user → on how many nodes. */
  private readonly counts = new Map<number, Map<number, number>>();
  private readonly listeners: ((change: RosterChange) => void)[] = [];

  /** Called synchronously whenever a user comes to its first node of a room, or has left its last one. */
  onChange(listener: (change: RosterChange) => void): void {
    this.listeners.push(listener);
  }

  apply(node: string, room: number, came: readonly Visit[], left: readonly number[]): void {
    const fresh = came.flatMap(([userPk, version]) => (this.put(node, room, userPk, version) ? [userPk] : []));
    const gone = left.filter((userPk) => this.drop(node, room, userPk));
    this.tell({ node, room, came: fresh, gone });
  }

  /** These are all that the node has in this room. */
  replace(node: string, room: number, visits: readonly Visit[]): void {
    const stay = new Set(visits.map(([userPk]) => userPk));
    const before = this.byNode.get(node)?.get(room);
    const left = before ? [...before.keys()].filter((userPk) => !stay.has(userPk)) : [];
    this.apply(node, room, visits, left);
  }

  /** The node has nobody but in these rooms. */
  keepOnly(node: string, rooms: readonly number[]): void {
    const kept = new Set(rooms);
    for (const room of [...(this.byNode.get(node)?.keys() ?? [])]) if (!kept.has(room)) this.replace(node, room, []);
  }

  /** The whole of what one node has, room by room. */
  *of(node: string): Iterable<[room: number, visits: Visit[]]> {
    for (const [room, visits] of this.byNode.get(node) ?? []) yield [room, [...visits]];
  }

  nodes(): string[] {
    return [...this.byNode.keys()];
  }

  has(room: number, userPk: number): boolean {
    return this.counts.get(room)?.has(userPk) === true;
  }

  /** The latest visit's version; undefined for who is not in. */
  versionOf(room: number, userPk: number): number | undefined {
    if (!this.has(room, userPk)) return undefined;
    let latest = 0;
    for (const rooms of this.byNode.values()) latest = Math.max(latest, rooms.get(room)?.get(userPk) ?? 0);
    return latest;
  }

  /** The visit on this node alone. */
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
  nodesOf(room: number, userPks: readonly number[]): string[] {
    return this.nodes().filter((node) => {
      const visits = this.byNode.get(node)?.get(room);
      return visits !== undefined && userPks.some((userPk) => visits.has(userPk));
    });
  }

  /** The nodes that have anybody in the room. */
  nodesIn(room: number): number {
    let nodes = 0;
    for (const rooms of this.byNode.values()) if (rooms.has(room)) nodes++;
    return nodes;
  }

  private put(node: string, room: number, userPk: number, version: number): boolean {
    const rooms = madeIn(this.byNode, node);
    const visits = madeIn(rooms, room);
    const known = visits.has(userPk);
    visits.set(userPk, version);
    if (known) return false;
    const counts = madeIn(this.counts, room);
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

  private tell(change: RosterChange): void {
    if (change.came.length === 0 && change.gone.length === 0) return;
    for (const listener of this.listeners) listener(change);
  }
}

function madeIn<K, A, B>(maps: Map<K, Map<A, B>>, key: K): Map<A, B> {
  let inner = maps.get(key);
  if (!inner) maps.set(key, (inner = new Map<A, B>()));
  return inner;
}
