export type Listener<T> = (payload: T) => void;
export type Unsubscribe = () => void;

/** A typed event emitter, no larger than needed. */
export class Emitter<Events extends object> {
  private readonly listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Returns the way to stop listening. */
  on<E extends keyof Events>(event: E, listener: Listener<Events[E]>): Unsubscribe {
    const known = this.listeners.get(event) ?? new Set();
    known.add(listener);
    this.listeners.set(event, known);
    return () => this.off(event, listener);
  }

  off<E extends keyof Events>(event: E, listener: Listener<Events[E]>): void {
    this.listeners.get(event)?.delete(listener);
  }

  /** Somebody listens. */
  has(event: keyof Events): boolean {
    return (this.listeners.get(event)?.size ?? 0) > 0;
  }

  /** A listener that throws is the application's bug: it is reported as uncaught and never disturbs the order. */
  emit<E extends keyof Events>(event: E, payload: Events[E]): void {
    for (const listener of [...(this.listeners.get(event) ?? [])] as unknown as Listener<Events[E]>[]) {
      try {
        listener(payload);
      } catch (thrown) {
        setTimeout(() => {
          throw thrown;
        }, 0);
      }
    }
  }
}
