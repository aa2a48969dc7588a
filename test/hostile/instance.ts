import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuild } from '../../scripts/lib/build.mjs';
import { Guard } from '../../scripts/lib/guard.mjs';
import { libDir, startServices } from '../../scripts/lib/services.mjs';
import { AppNode } from '../../verify/app-node';

/** The built product as `npm start` runs it, with private servers, in a folder that goes with it. */
export class Instance {
  private constructor(
    readonly node: AppNode,
    readonly operatorToken: string,
    private readonly services: Awaited<ReturnType<typeof startServices>>,
    private readonly guard: Guard,
    private readonly dir: string,
  ) {}

  /** @param env settings beside the product's own defaults @throws when the product does not start, with its log */
  static async start(root: string, log: (line: string) => void, env: Record<string, string> = {}): Promise<Instance> {
    await ensureBuild({ root, log });
    const dir = mkdtempSync(join(tmpdir(), 'parley-hostile-'));
    const guard = new Guard({ libDir: libDir(root), dir, remove: [dir] });
    const services = await startServices({
      dir,
      binDir: join(root, '.data'),
      durable: false,
      mayCreateDatabases: true,
      guard,
      log,
    });
    const operatorToken = randomBytes(24).toString('hex');
    const node = await AppNode.at({
      name: 'the instance',
      root,
      logFile: join(dir, 'instance.log'),
      onSpawn: (identity) => guard.watch('app', identity, 'app'),
      env: {
        PATH: process.env.PATH ?? '',
        DATA_DIR: dir,
        LOG_LEVEL: 'warn',
        MYSQL_URL: services.mysqlUrl,
        REDIS_URL: services.redisUrl,
        ENCRYPTION_KEY: randomBytes(32).toString('base64'),
        OPERATOR_TOKEN: operatorToken,
        AUTO_VERIFY_DEVELOPERS: 'true',
        ...env,
      },
    });
    const instance = new Instance(node, operatorToken, services, guard, dir);
    try {
      await node.start();
      return instance;
    } catch (error) {
      await instance.end();
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.node.stop();
    await this.services.stop();
    await this.guard.dismiss();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
