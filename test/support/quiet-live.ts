import { type ForgetListener, Live } from '../../src/platform/realtime/live';

type Forgotten = Parameters<Live['forget']>[0];

/** One node on which nobody is connected: only what `forget` promises is kept. */
export class QuietLive extends Live {
  private readonly listeners: { cache: Forgotten['cache']; listener: ForgetListener }[] = [];
  readonly forgotten: Forgotten[] = [];

  toUsers(): void {}
  hearersBy(): void {}
  kick(): void {}
  onPresence(): void {}
  onMissedFrames(): void {}
  onPresenceUncertain(): void {}

  publishState(): Promise<'confirmed'> {
    return Promise.resolve('confirmed');
  }

  forget(key: Forgotten): void {
    this.forgotten.push(key);
    for (const { cache, listener } of this.listeners) if (cache === key.cache) void listener(key.appPk, key.pk);
  }

  forgetEverywhere(...keys: Forgotten[]): Promise<void> {
    for (const key of keys) this.forget(key);
    return Promise.resolve();
  }

  onForget(cache: Forgotten['cache'], listener: ForgetListener): void {
    this.listeners.push({ cache, listener });
  }

  online(): Promise<Set<number>> {
    return Promise.resolve(new Set());
  }

  onlineExactly(): Promise<Set<number>> {
    return this.online();
  }

  devices(): Promise<ReadonlyMap<number, never[]>> {
    return Promise.resolve(new Map<number, never[]>());
  }

  onlineCount(): Promise<{ online: number; exact: boolean }> {
    return Promise.resolve({ online: 0, exact: true });
  }
}
