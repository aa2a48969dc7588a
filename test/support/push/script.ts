/** What a vendor is told to answer; everything in it survives JSON, so that it can be told from another process. */
export interface Scripted {
  /** 200 unless something else is said. */
  status?: number;
  /** The vendor's own word: APNs' reason, FCM's errorCode, Huawei's code. */
  reason?: string;
  /** The whole body, instead of the vendor's usual one. */
  body?: unknown;
  /** APNs: since when the token is dead; milliseconds. */
  timestamp?: number;
  /** The header's value: seconds or a date. */
  retryAfter?: string;
  /** Answers so much later. */
  delayMs?: number;
  /** Never answers, resets the stream, sends GOAWAY and refuses it, or cuts the connection. */
  drop?: 'hang' | 'reset' | 'goaway' | 'cut';
  /** With `drop`: takes the notification first, so that only the answer is lost. */
  takes?: boolean;
}

/** Which notification an answer is for: a device's token, the vendor's OAuth door, or whoever comes next. */
export const OAUTH = '@oauth';
export const NEXT = '@next';

/** Answers by token and by turn; whatever nobody scripted is taken. */
export class Script {
  private readonly always = new Map<string, Scripted>();
  private readonly queues = new Map<string, Scripted[]>();

  /** Every request for this token (or all of them: NEXT) is answered so. */
  set(token: string, answer: Scripted): void {
    this.always.set(token, answer);
  }

  /** The next requests for this token (or of anybody: NEXT) are answered so, one each; then as always. */
  push(token: string, ...answers: Scripted[]): void {
    this.queues.set(token, [...(this.queues.get(token) ?? []), ...answers]);
  }

  clear(): void {
    this.always.clear();
    this.queues.clear();
  }

  next(token: string): Scripted {
    // Whoever asks for an access token is no device: NEXT is not meant for it.
    const keys = token === OAUTH ? [OAUTH] : [token, NEXT];
    for (const key of keys) {
      const answer = this.queues.get(key)?.shift();
      if (answer) return answer;
    }
    return keys.map((key) => this.always.get(key)).find((answer) => answer !== undefined) ?? {};
  }
}

/** A request as a vendor saw it. */
export interface Seen {
  vendor: 'apns' | 'fcm' | 'huawei';
  /** 1, 2, 3 … a vendor. */
  n: number;
  at: string;
  token: string;
  /** Whether the vendor took the notification; then a phone would show it. */
  taken: boolean;
  /** What was answered; 0 for nothing. */
  status: number;
  reason?: string;
  /** apns-id, or the name that the vendor gave it. */
  id?: string;
  /** On the screen a later one takes the place of an earlier one with the same. */
  collapseId?: string;
  /** APNs: the headers; others: what the vendor reads beside the words. */
  headers: Record<string, string>;
  /** The JSON as it was sent. */
  body: unknown;
  /** Who proved to send it: team/key, the certificate's name, the service account, the client id. */
  by: string;
  /** Which connection it came through: 1, 2, 3 … */
  connection: number;
}

/** A vendor's memory: everything asked, in order. */
export class Records {
  readonly all: Seen[] = [];
  private readonly listeners: ((seen: Seen) => void)[] = [];

  constructor(private readonly vendor: Seen['vendor']) {}

  add(seen: Omit<Seen, 'vendor' | 'n' | 'at'>): void {
    const whole = { vendor: this.vendor, n: this.all.length + 1, at: new Date().toISOString(), ...seen };
    this.all.push(whole);
    for (const listener of this.listeners) listener(whole);
  }

  onSeen(listener: (seen: Seen) => void): void {
    this.listeners.push(listener);
  }

  /** What a phone with this token would have been told; of everybody without one. */
  taken(token?: string): Seen[] {
    return this.all.filter((seen) => seen.taken && (token === undefined || seen.token === token));
  }

  clear(): void {
    this.all.length = 0;
  }
}
