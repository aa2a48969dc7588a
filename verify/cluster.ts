import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '../src/platform/config/settings';
import type { Guard } from '../scripts/lib/guard.mjs';
import { raisedLimits } from '../scripts/lib/raised-limits.mjs';
import { TcpGate } from '../test/support/tcp-gate';
import { AppNode } from './app-node';
import { LoadBalancer } from './load-balancer';
import { sideConnection, type Stores } from './stores';

export interface ClusterOptions {
  name: string;
  root: string;
  dir: string;
  guard: Guard;
  stores: Stores;
  /** Background work in two processes of its own, and none in the others. */
  worker: boolean;
  /** Settings besides the usual ones. */
  env: Readonly<Record<string, string>>;
  /** Changes the schema after it was made, as a planted bug may want. */
  schemaChange?: string;
}

/** Two real application processes on shared stores, behind a load balancer; and two workers, where they are wished. */
export class Cluster {
  private constructor(
    readonly nodes: readonly AppNode[],
    readonly workers: readonly AppNode[],
    readonly balancer: LoadBalancer,
    readonly stores: Stores,
    readonly mysqlUrl: string,
    private readonly ways: ReadonlyMap<string, TcpGate>,
  ) {}

  static async start(options: ClusterOptions): Promise<Cluster> {
    const { name, root, guard, stores } = options;
    const dir = join(options.dir, name);
    mkdirSync(dir, { recursive: true });
    const mysqlUrl = await stores.newDatabase(`parley_${name.replace(/[^a-z0-9]/g, '_')}`);
    const env: Record<string, string> = {
      PATH: process.env.PATH ?? '',
      NODE_ENV: 'development',
      LOG_LEVEL: 'warn',
      DATA_DIR: dir,
      MYSQL_URL: mysqlUrl,
      REDIS_URL: stores.redis.url,
      REDIS_PREFIX: name,
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      OPERATOR_TOKEN: randomBytes(24).toString('hex'),
      AUTO_VERIFY_DEVELOPERS: 'true',
      ...options.env,
      // Rates are no part of what is checked here.
      ...raisedLimits(root),
    };
    const ways = new Map<string, TcpGate>();
    const node = async (suffix: string, role: Role): Promise<AppNode> => {
      const nodeName = `${name}-${suffix}`;
      const way = await TcpGate.to(stores.redis.url);
      ways.set(nodeName, way);
      const logFile = join(dir, `${nodeName}.log`);
      const onSpawn: Parameters<typeof AppNode.at>[0]['onSpawn'] = (identity) => guard.watch(nodeName, identity, 'app');
      const own = { ...env, ROLE: role, REDIS_URL: way.url };
      return AppNode.at({ name: nodeName, root, logFile, env: own, onSpawn });
    };
    const nodes = [await node('a', options.worker ? 'api' : 'all'), await node('b', options.worker ? 'api' : 'all')];
    const workers = options.worker ? [await node('w', 'worker'), await node('x', 'worker')] : [];
    const balancer = await LoadBalancer.start(nodes.map(({ port }) => port));
    const cluster = new Cluster(nodes, workers, balancer, stores, mysqlUrl, ways);
    try {
      await Promise.all([...nodes, ...workers].map((one) => one.start()));
      if (options.schemaChange) await cluster.change(options.schemaChange);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get url(): string {
    return this.balancer.url;
  }

  /** Through which this node, and no other, reaches Redis. */
  wayToRedis({ name }: AppNode): TcpGate {
    const way = this.ways.get(name);
    if (!way) throw new Error(`${name} has no way to Redis`);
    return way;
  }

  /** What ended without having been told to, or lost track of something. */
  get unexpected(): string[] {
    return [...this.nodes, ...this.workers].flatMap(({ unexpected, complaints }) => [...unexpected, ...complaints]);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.nodes, ...this.workers].map((node) => node.kill()));
    await this.balancer.stop();
    await Promise.all([...this.ways.values()].map((way) => way.shut()));
  }

  private async change(schema: string): Promise<void> {
    const side = await sideConnection(this.mysqlUrl);
    await side.query(schema).finally(() => side.destroy());
  }
}
