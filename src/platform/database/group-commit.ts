import { AppError } from '../../kernel/errors/app-error';

export type Outcome<T> = { ok: T } | { error: unknown };
/** `later`: not in this transaction; the item's lane waits for it, the next batch does not. */
export type Settlement<T> = Outcome<T> | { later: Promise<T> };

export interface GroupCommitOptions<In, Out> {
  /** Stores a batch in one transaction and answers item by item, in order. A throw fails the whole batch. */
  run: (batch: In[]) => Promise<Settlement<Out>[]>;
  /** Items of one lane are never in two batches at once, so that their order is the order of arrival. */
  lane: (item: In) => Lane;
  batchMax: number;
  inFlightMax: number;
  /**
   * Beside a batch that is under way, another is begun only for so many (1 when absent): a commit costs as much as dozens of
   * rows. Fewer wait for the one under way, unless that takes long.
   */
  besideMin?: number;
  /**
   * Fewer wait also when nothing is under way, until it is that long since the last batch began. For work of which batches
   * would stay small under load, because one is stored before the next few items arrive.
   */
  paced?: boolean;
  /** Beyond this many waiting items `submit` refuses with BUSY, before any work. */
  queueMax: number;
  /** Beyond this many waiting items of one lane likewise. */
  laneMax: number;
  /** A lane whose first item has waited longer than this when its turn comes is refused with BUSY: that one has given up. */
  waitMaxMs?: number;
}

type Lane = number | string;

interface Waiting<In, Out> {
  item: In;
  since: number;
  resolve: (value: Out | Promise<Out>) => void;
  reject: (error: unknown) => void;
}

/** How long few wait for company: longer than a commit takes, shorter than anybody notices. */
const PATIENCE_MS = 10;

/**
 * Group commit: while a batch is being stored, whatever arrives waits and goes into the next one together. The first
 * waits for nothing: at low load a batch is one item, at high load it fills by itself (performance.md, advice 1).
 */
export class GroupCommit<In, Out> {
  private readonly lanes = new Map<Lane, Waiting<In, Out>[]>();
  private ready: Lane[] = [];
  private readonly busy = new Set<Lane>();
  private inFlight = 0;
  /** Lanes that wait for something later. */
  private held = 0;
  private scheduled = false;
  private begunAt = -Infinity;
  private patience: NodeJS.Timeout | undefined;
  private idle: (() => void)[] = [];
  /** Items accepted and not yet taken into a batch. */
  waiting = 0;

  constructor(private readonly options: GroupCommitOptions<In, Out>) {}

  /** More than half of what may wait does. */
  get crowded(): boolean {
    return this.waiting > this.options.queueMax / 2;
  }

  submit(item: In): Promise<Out> {
    const laneId = this.options.lane(item);
    let lane = this.lanes.get(laneId);
    if (this.waiting >= this.options.queueMax || (lane && lane.length >= this.options.laneMax)) {
      return Promise.reject(refusal());
    }
    if (!lane) {
      lane = [];
      this.lanes.set(laneId, lane);
      if (!this.busy.has(laneId)) this.ready.push(laneId);
    }
    const target = lane;
    this.waiting++;
    const since = performance.now();
    const result = new Promise<Out>((resolve, reject) => target.push({ item, since, resolve, reject }));
    this.schedule();
    return result;
  }

  /** Resolves once nothing waits and nothing is under way. */
  drained(): Promise<void> {
    if (this.atRest) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  /** A tick later, so that everything read from the sockets in this turn of the loop joins the same batch. */
  private schedule(): void {
    if (this.scheduled || this.inFlight >= this.options.inFlightMax || this.ready.length === 0) return;
    if (!this.worthBeginning) {
      this.patience ??= setTimeout(() => {
        this.patience = undefined;
        this.schedule();
      }, PATIENCE_MS).unref();
      return;
    }
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      while (this.inFlight < this.options.inFlightMax && this.ready.length > 0 && this.worthBeginning)
        void this.flush();
      this.schedule();
    });
  }

  private get worthBeginning(): boolean {
    const { besideMin = 1, paced = false } = this.options;
    if (this.inFlight === 0 && !paced) return true;
    return this.waiting >= besideMin || performance.now() - this.begunAt >= PATIENCE_MS;
  }

  private async flush(): Promise<void> {
    const { batch, laneIds } = this.take();
    if (batch.length === 0) return this.rest();
    const later = new Map<Lane, Promise<Out>[]>();
    this.inFlight++;
    this.begunAt = performance.now();
    try {
      const outcomes = await this.options.run(batch.map(({ item }) => item));
      batch.forEach(({ item, resolve, reject }, index) => {
        const outcome = outcomes[index];
        if (outcome && 'ok' in outcome) resolve(outcome.ok);
        else if (outcome && 'later' in outcome) {
          resolve(outcome.later);
          const laneId = this.options.lane(item);
          later.set(laneId, [...(later.get(laneId) ?? []), outcome.later]);
        } else reject(outcome?.error ?? new Error('the batch gave no outcome for this item'));
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.inFlight--;
      this.held += later.size;
      for (const laneId of laneIds) {
        const waits = later.get(laneId);
        if (waits) void Promise.allSettled(waits).then(() => this.release(laneId, 1));
        else this.release(laneId, 0);
      }
    }
  }

  private release(laneId: Lane, held: 0 | 1): void {
    this.held -= held;
    this.busy.delete(laneId);
    if (this.lanes.has(laneId)) this.ready.push(laneId);
    this.schedule();
    this.rest();
  }

  private rest(): void {
    if (this.atRest) this.idle.splice(0).forEach((done) => done());
  }

  private get atRest(): boolean {
    return this.waiting === 0 && this.inFlight === 0 && this.held === 0;
  }

  private take(): { batch: Waiting<In, Out>[]; laneIds: Lane[] } {
    const batch: Waiting<In, Out>[] = [];
    const laneIds: Lane[] = [];
    let taken = 0;
    while (taken < this.ready.length && batch.length < this.options.batchMax) {
      const laneId = this.ready[taken++];
      const lane = this.lanes.get(laneId) ?? [];
      this.refuseLate(lane);
      const room = this.options.batchMax - batch.length;
      if (lane.length <= room) this.lanes.delete(laneId);
      if (lane.length === 0) continue;
      batch.push(...lane.splice(0, room));
      laneIds.push(laneId);
      this.busy.add(laneId);
    }
    this.ready = this.ready.slice(taken);
    this.waiting -= batch.length;
    return { batch, laneIds };
  }

  /** With the first that waited too long goes its lane: what was sent behind it must not be stored before it. */
  private refuseLate(lane: Waiting<In, Out>[]): void {
    const { waitMaxMs = Infinity } = this.options;
    if (lane.length === 0 || performance.now() - lane[0].since <= waitMaxMs) return;
    this.waiting -= lane.length;
    for (const { reject } of lane.splice(0)) reject(refusal());
  }
}

const refusal = (): AppError => new AppError('BUSY', { retryAfterMs: 200 });
