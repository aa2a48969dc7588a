import type { ServerEvents } from './catalogue';
import type { Clock, Timer } from './clock';

type Typing = ServerEvents['typing'];

/** Whoever said nothing for so long has stopped. */
const ENDS_MS = 6000;

/** Ends a typing indicator by itself, 6 s after it was last received. */
export class Typists {
  private readonly timers = new Map<string, Timer>();

  constructor(
    private readonly told: (typing: Typing) => void,
    private readonly clock: Clock,
  ) {}

  heard(typing: Typing): void {
    const key = `${typing.conversationId} ${typing.userId}`;
    const timer = this.timers.get(key);
    if (timer !== undefined) this.clock.clearTimeout(timer);
    this.timers.delete(key);
    if (typing.typing) {
      const end = () => {
        this.timers.delete(key);
        this.told({ ...typing, typing: false });
      };
      this.timers.set(key, this.clock.setTimeout(end, ENDS_MS));
    }
    this.told(typing);
  }
}
