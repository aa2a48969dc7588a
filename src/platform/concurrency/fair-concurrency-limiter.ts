import { AppError } from '../../kernel/errors/app-error';

export interface FairConcurrencyLimiterOptions {
  /** Tasks under way at once. */
  atOnce: number;
  /** Beyond this many waiting tasks, the group with most of them gives one up. */
  waitingMax: number;
  /** Tasks that one owner may have waiting. */
  waitingOfOneMax: number;
  /** Whoever waits longer is refused. Milliseconds. */
  waitMaxMs: number;
  /** What a refused caller should wait; milliseconds. */
  retryAfterMs: () => number;
}

/** Whose task it is: an owner has no more than its share under way at a time, and groups take turns. */
export interface TaskOwner {
  readonly group: Key;
  /** Of one group for as long as it has a task here. */
  readonly owner: Key;
  /** Tasks that it may have under way at once; 1 when left out. */
  readonly share?: number;
}

type Key = number | string;

interface Waiter {
  start: () => void;
  refuse: () => void;
}

interface Group {
  readonly key: Key;
  /** How many of its owners run or wait. */
  owners: number;
  /** All its waiting tasks, oldest first. */
  readonly waiters: Set<Waiter>;
  /** Owners whose next task could start now, in the order of their turns. */
  readonly ready: Set<Owner>;
}

interface Owner {
  readonly key: Key;
  readonly group: Group;
  readonly share: number;
  /** How many of its tasks are under way. */
  running: number;
  /** Oldest first. */
  readonly waiters: Set<Waiter>;
}

/**
 * Runs at most `atOnce` tasks, of each owner no more than its share. What is beyond waits: round-robin over groups, and over
 * owners within a group, so that whoever asks for much waits for their own tasks and not for others'.
 */
export class FairConcurrencyLimiter {
  private running = 0;
  private waiting = 0;
  private readonly owners = new Map<Key, Owner>();
  private readonly groups = new Map<Key, Group>();
  /** Groups with an owner that is ready, in the order of their turns. */
  private readonly turns = new Set<Group>();

  constructor(private readonly options: FairConcurrencyLimiterOptions) {}

  /** @throws AppError BUSY before the task begins, when too many wait already or the wait was too long */
  async run<T>(taskOwner: TaskOwner, task: () => Promise<T>): Promise<T> {
    const leave = await this.enter(taskOwner);
    try {
      return await task();
    } finally {
      leave();
    }
  }

  /**
   * For a task that ends elsewhere than it begins.
   *
   * @returns to be called once, when the task has ended
   * @throws AppError BUSY as `run` does
   */
  async enter(taskOwner: TaskOwner): Promise<() => void> {
    const owner = this.ownerOf(taskOwner);
    if (owner.running < owner.share && this.running < this.options.atOnce) this.begin(owner);
    else await this.waitForTurn(owner);
    return () => this.end(owner);
  }

  private ownerOf({ group: groupKey, owner: ownerKey, share = 1 }: TaskOwner): Owner {
    let group = this.groups.get(groupKey);
    if (!group) this.groups.set(groupKey, (group = { key: groupKey, owners: 0, waiters: new Set(), ready: new Set() }));
    let owner = this.owners.get(ownerKey);
    if (!owner) {
      owner = { key: ownerKey, group, share, running: 0, waiters: new Set() };
      this.owners.set(owner.key, owner);
      group.owners++;
    }
    return owner;
  }

  private begin(owner: Owner): void {
    owner.running++;
    this.running++;
  }

  private end(owner: Owner): void {
    owner.running--;
    this.running--;
    this.arrange(owner);
    this.fill();
  }

  /** Resolves when a task of the owner may begin; it counts as under way then. */
  private waitForTurn(owner: Owner): Promise<void> {
    const { waitingMax, waitingOfOneMax, waitMaxMs } = this.options;
    if (owner.waiters.size >= waitingOfOneMax) throw this.busy();
    if (this.waiting >= waitingMax && !this.giveUpOneOfMoreThan(owner.group.waiters.size)) {
      this.arrange(owner);
      throw this.busy();
    }
    return new Promise((resolve, reject) => {
      const settle = (then: () => void): void => {
        if (!owner.waiters.delete(waiter)) return;
        owner.group.waiters.delete(waiter);
        clearTimeout(timer);
        this.waiting--;
        this.arrange(owner);
        then();
      };
      const waiter = { start: () => settle(resolve), refuse: () => settle(() => reject(this.busy())) };
      const timer = setTimeout(waiter.refuse, waitMaxMs).unref();
      owner.waiters.add(waiter);
      owner.group.waiters.add(waiter);
      this.waiting++;
      this.arrange(owner);
    });
  }

  /** The newest task of the group that has most waiting makes room for a group that has fewer, the new one counted. */
  private giveUpOneOfMoreThan(waiting: number): boolean {
    let most: Group | undefined;
    for (const group of this.groups.values()) if (group.waiters.size > (most?.waiters.size ?? 0)) most = group;
    if (!most || most.waiters.size <= waiting + 1) return false;
    [...most.waiters].at(-1)?.refuse();
    return true;
  }

  private fill(): void {
    for (const group of this.turns) {
      if (this.running >= this.options.atOnce) return;
      const [owner] = group.ready;
      const [next] = owner.waiters;
      // Both to the end of their queues, where the iteration meets the group again.
      this.turns.delete(group);
      group.ready.delete(owner);
      this.begin(owner);
      next.start();
    }
  }

  /** Updates which owners and groups are ready; those without a task are forgotten. */
  private arrange(owner: Owner): void {
    const { group, share, running, waiters } = owner;
    if (running < share && waiters.size > 0) group.ready.add(owner);
    else group.ready.delete(owner);
    if (group.ready.size > 0) this.turns.add(group);
    else this.turns.delete(group);
    if (running > 0 || waiters.size > 0 || !this.owners.delete(owner.key)) return;
    group.owners--;
    if (group.owners === 0) this.groups.delete(group.key);
  }

  private busy(): AppError {
    return new AppError('BUSY', { retryAfterMs: this.options.retryAfterMs() });
  }
}
