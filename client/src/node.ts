import { createReadStream } from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Storage } from './storage';

type Line = [key: string, value: string] | [key: string];

/**
 * Keeps a client's state in one file, for Node: a journal of JSON lines, written through to the disk and made small
 * again at every start. One process a file.
 */
export function fileStorage(path: string): Storage {
  return new FileStorage(path);
}

class FileStorage implements Storage {
  private waiting: { line: string; done: () => void; failed: (reason: unknown) => void }[] = [];
  private writing = false;

  constructor(private readonly path: string) {}

  async load(): Promise<Iterable<readonly [string, string]>> {
    const values = await this.read();
    await mkdir(dirname(this.path), { recursive: true });
    const lines = [...values].map((line) => `${JSON.stringify(line)}\n`);
    await writeFile(`${this.path}.new`, lines.join(''), { mode: 0o600, flush: true });
    await rename(`${this.path}.new`, this.path);
    return values;
  }

  set(key: string, value: string): Promise<void> {
    return this.append([key, value]);
  }

  delete(key: string): Promise<void> {
    return this.append([key]);
  }

  private async read(): Promise<Map<string, string>> {
    const values = new Map<string, string>();
    try {
      for await (const text of createInterface({ input: createReadStream(this.path, 'utf8') })) {
        const line = parse(text);
        if (line?.[1] !== undefined) values.set(line[0], line[1]);
        else if (line) values.delete(line[0]);
      }
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    }
    return values;
  }

  private append(line: Line): Promise<void> {
    return new Promise((done, failed) => {
      this.waiting.push({ line: `${JSON.stringify(line)}\n`, done, failed });
      if (!this.writing) void this.write();
    });
  }

  /** Everything that came while the disk was busy goes in one write. */
  private async write(): Promise<void> {
    this.writing = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0);
      try {
        await this.persist(batch.map(({ line }) => line).join(''));
        for (const { done } of batch) done();
      } catch (thrown) {
        for (const { failed } of batch) failed(thrown);
      }
    }
    this.writing = false;
  }

  /** Opened anew each time: a client that is simply dropped leaves no handle behind. */
  private async persist(text: string): Promise<void> {
    const file = await open(this.path, 'a', 0o600);
    try {
      await file.appendFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}

/** Undefined for a line that a crash cut short. */
function parse(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
