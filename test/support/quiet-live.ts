import { Live } from '../../src/platform/realtime/live';

type Forgotten = Parameters<Live['forget']>[0];

/** One node on which nobody is connected: only what `forget` promises is kept. */
export class QuietLive extends Live {
  private readonly listeners: { cache: Forgotten['cache']; listener: (appPk: number, pk: number) => void }[] = [];
  readonly forgotten: Forgotten[] = [];

  toUsers(): void {}
  hearersBy(): void {}
  kick(): void {}
  onPresence(): void {}
  onLoss(): void {}
  onDoubt(): void {}

  told(): Promise<'told'> {
    return Promise.resolve('told');
  }

  forget(key: Forgotten): void {
    this.forgotten.push(key);
    for (const { cache, listener } of this.listeners) if (cache === key.cache) listener(key.appPk, key.pk);
  }

  onForget(cache: Forgotten['cache'], listener: (appPk: number, pk: number) => void): void {
    this.listeners.push({ cache, listener });
  }

  online(): Promise<Set<number>> {
    return Promise.resolve(new Set());
  }

  onlineForSure(): Promise<Set<number>> {
    return this.online();
  }

  devices(): Promise<ReadonlyMap<number, never[]>> {
    return Promise.resolve(new Map<number, never[]>());
  }

  onlineCount(): Promise<{ online: number; exact: boolean }> {
    return Promise.resolve({ online: 0, exact: true });
  }
}
