import type { Connection } from './connection';
import type { Frame } from './frame';
import type { Outbound } from './outbound';
import { Parcel } from './parcel';

/** One event for many, and the sockets that do not hear it: its sender's has the acknowledgement. By their ids. */
export interface Item {
  readonly frame: Frame;
  readonly except?: string | readonly string[];
}

/** Items that go to many sockets in one pass. */
export class Round {
  private readonly whole: Parcel;
  /** For those who came while the items were gathering: without what is not theirs. */
  private tails: Map<number, Parcel> | undefined;
  private readonly excepted: ReadonlySet<string>;

  constructor(
    private readonly items: readonly Item[],
    private readonly outbound: Outbound,
  ) {
    this.whole = parcelOf(items);
    this.excepted = new Set(items.flatMap(({ except }) => except ?? []));
  }

  /** Writes the items from the `from`-th on to a socket, but not its own. */
  writeTo(connection: Connection, from = 0): void {
    if (from >= this.items.length) return;
    const { id } = connection.socket;
    if (this.excepted.size === 0 || !this.excepted.has(id)) this.outbound.send(connection, this.from(from));
    else {
      const others = this.items.slice(from).filter((item) => isFor(item, id));
      if (others.length > 0) this.outbound.send(connection, parcelOf(others));
    }
  }

  private from(at: number): Parcel {
    if (at === 0) return this.whole;
    this.tails ??= new Map();
    let tail = this.tails.get(at);
    if (!tail) this.tails.set(at, (tail = parcelOf(this.items.slice(at))));
    return tail;
  }
}

const isFor = ({ except }: Item, id: string): boolean =>
  typeof except === 'string' ? except !== id : !except?.includes(id);

const parcelOf = (items: readonly Item[]): Parcel => new Parcel(items.map(({ frame }) => frame));
