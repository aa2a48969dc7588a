const TIMEOUT_MS = 2000;
/** However many want to know, a server is asked this often. */
const FRESH_MS = 500;

/** Whether a server answers a question as it should, and soon: one that is frozen is down, though connected. */
export class Probe {
  private latest: { at: number; up: Promise<boolean> } | undefined;
  private asking = false;

  /** @param ask what a server that is up answers with true; may fail, and may take for ever */
  constructor(private readonly ask: () => Promise<boolean>) {}

  up(): Promise<boolean> {
    const now = performance.now();
    // What has no answer yet is not asked again, or a silent server would be asked more and more.
    if (!this.latest || (!this.asking && now - this.latest.at > FRESH_MS)) this.latest = { at: now, up: this.inTime() };
    return this.latest.up;
  }

  private inTime(): Promise<boolean> {
    this.asking = true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), TIMEOUT_MS);
    });
    const asked = this.ask()
      .catch(() => false)
      .finally(() => (this.asking = false));
    return Promise.race([asked, late]).finally(() => clearTimeout(timer));
  }
}
