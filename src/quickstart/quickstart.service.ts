import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { randomId } from '../kernel/ids';
import { Users } from '../modules/accounts';
import { Provisioning } from '../modules/tenancy';
import { Settings } from '../platform/config/settings';
import { Sql } from '../platform/database/sql';

/** `DATA_DIR/quickstart.json`: everything a newcomer needs for the first message (contract.md, Running it). */
export interface Quickstart {
  url: string;
  /** The developer's, who gets a new `authToken` with them; for the console once there is one. */
  console: { email: string; password: string };
  operator: { token: string };
  developer: { accountSid: string; authToken: string };
  apps: {
    fixed: AppCredentials & { users: { userId: string; account: string; password: string }[] };
    arbitrary: AppCredentials & { users: { userId: string }[] };
  };
}

interface AppCredentials {
  appId: string;
  appToken: string;
  appSecret: string;
}

const USER_IDS = ['alice', 'bobby'];

/** Fills an empty private database, so that `npm start` on a new machine is a system to talk to, not an empty one. */
@Injectable()
export class QuickstartService {
  private readonly logger = new Logger(QuickstartService.name);

  constructor(
    private readonly provisioning: Provisioning,
    private readonly users: Users,
    private readonly settings: Settings,
    private readonly sql: Sql,
  ) {}

  get path(): string {
    return join(this.settings.dataDir, 'quickstart.json');
  }

  /**
   * Makes it where the private database is empty; where it was made before, keeps its `url` true.
   *
   * @returns whether it was made now
   */
  async prepare(url: string): Promise<boolean> {
    const { embedded, production } = this.settings;
    if (!embedded || production) return false;
    if (await this.isInhabited()) {
      await this.moveTo(url);
      return false;
    }
    await this.write(await this.create(url));
    this.logger.log('quickstart data created');
    return true;
  }

  private async moveTo(url: string): Promise<void> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    const known = text === undefined ? undefined : (JSON.parse(text) as Quickstart);
    if (known && known.url !== url) await this.write({ ...known, url });
  }

  private async isInhabited(): Promise<boolean> {
    return (await this.sql.rows('SELECT id FROM developers LIMIT 1')).length > 0;
  }

  private async create(url: string): Promise<Quickstart> {
    const console = { email: 'dev@parley.local', password: randomId(20) };
    const developer = await this.provisioning.createVerifiedDeveloper({ ...console, name: 'Quickstart' });
    const make = (accountMode: 'fixed' | 'arbitrary') =>
      this.provisioning.createApp(developer.caller, { name: `Quickstart (${accountMode})`, accountMode, online: true });

    const { caller: fixedServer, ...fixed } = await make('fixed');
    const fixedUsers: Quickstart['apps']['fixed']['users'] = [];
    for (const userId of USER_IDS) {
      const made = await this.users.create(fixedServer, { userId });
      const { account, password } = 'items' in made ? {} : made;
      if (!account || !password) throw new Error('a user of a fixed-mode app has an account and a password');
      fixedUsers.push({ userId, account, password });
    }
    const { caller: arbitraryServer, ...arbitrary } = await make('arbitrary');
    for (const userId of USER_IDS) await this.users.create(arbitraryServer, { userId });

    return {
      url,
      console,
      operator: { token: this.settings.security.operatorToken ?? '' },
      developer: { accountSid: developer.accountSid, authToken: developer.authToken },
      apps: {
        fixed: { ...fixed, users: fixedUsers },
        arbitrary: { ...arbitrary, users: USER_IDS.map((userId) => ({ userId })) },
      },
    };
  }

  /** Whole or not at all, and for its owner's eyes only. */
  private async write(quickstart: Quickstart): Promise<void> {
    await mkdir(this.settings.dataDir, { recursive: true });
    const temporary = `${this.path}.new`;
    await writeFile(temporary, `${JSON.stringify(quickstart, null, 2)}\n`, { mode: 0o600 });
    await chmod(temporary, 0o600);
    await rename(temporary, this.path);
  }
}
