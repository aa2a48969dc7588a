import type { Guard } from '../scripts/lib/guard.mjs';
import { Cluster } from './cluster';
import { dump, headsOf } from './dump';
import { type FinalState, History, tenantOf, userOf } from './history';
import type { PlannedFault } from './fault-plan';
import { check, type Violation } from './invariants';
import { Nemesis } from './nemesis';
import { probe } from './probes';
import { Random } from './random';
import { workDone } from './push-dump';
import { PushWorld, SLEEPERS } from './push-world';
import { pause } from './sender';
import type { Stores } from './stores';
import { logIn, makeTenant, type World } from './tenants';
import { VirtualClient } from './virtual-client';
import { type LoadOptions, Workload } from './workload';

export interface TrialOptions {
  name: string;
  seed: number;
  root: string;
  dir: string;
  guard: Guard;
  stores: Stores;
  /** Acknowledged messages to reach, and seconds to last at the least. */
  acked: number;
  seconds: number;
  /** Seconds after which the load ends whatever was reached. */
  deadline: number;
  /** Seconds after the last fault for which what is under way may be repeated. */
  patience: number;
  /** Seconds after that within which every device must hold everything. */
  catchUp: number;
  usersPerTenant: number;
  load: LoadOptions;
  /** Whether there is a worker process. */
  worker: boolean;
  /** Whether some are away and are pushed, a whole crowd of them or a few; and the seconds after which nothing is owed. */
  push: 'crowd' | 'few' | 'nobody';
  pushPatience: number;
  faults: readonly PlannedFault[];
  schemaChange?: string;
  say: (line: string) => void;
}

export interface TrialResult {
  history: History;
  violations: Violation[];
  attempted: number;
  acked: number;
  refused: number;
  unknown: number;
  faults: number;
  seconds: number;
  /** Processes that ended by themselves or logged what only a bug logs, and faults that did not come to pass. */
  unexpected: string[];
}

/** One deployment, loaded, broken, healed and checked. */
export async function runTrial(options: TrialOptions): Promise<TrialResult> {
  const { name, root, dir, guard, stores, worker, schemaChange, seed } = options;
  const push = options.push === 'nobody' ? undefined : await PushWorld.start(options.push === 'crowd');
  const place = { name, root, dir, guard, stores, worker, env: push?.env ?? {} };
  const cluster = await Cluster.start({ ...place, ...(schemaChange && { schemaChange }) });
  const history = new History();
  const random = new Random(seed, 'tenants');
  const names = ['north', 'south'];
  try {
    const tenants = [];
    const users = { users: options.usersPerTenant, sleepers: push ? SLEEPERS : [] };
    for (const one of names) tenants.push(await makeTenant(cluster.url, one, users, random));
    const nodeUrls = cluster.nodes.map(({ url }) => url);
    const world: World = { seed, url: cluster.url, nodeUrls, history, tenants, ...(push && { push }) };
    await push?.settleIn(world);
    const workload = new Workload(world, options.load);
    try {
      return await judged(options, cluster, world, workload);
    } finally {
      workload.close();
    }
  } finally {
    await cluster.stop();
    await push?.close();
  }
}

async function judged(options: TrialOptions, cluster: Cluster, world: World, workload: Workload): Promise<TrialResult> {
  const { say } = options;
  const { history } = world;
  await workload.connect();
  say(`${workload.clients.length} clients are connected`);
  workload.start();
  const nemesis = new Nemesis(cluster, workload, world, say);
  await loadAndBreak(options, nemesis, workload);

  say('healed; the clients come to rest');
  await workload.finish(options.patience * 1000);
  const began = history.now();
  const behind = await catchUp(options.catchUp, cluster, world, workload);
  const took = ((history.now() - began) / 1000).toFixed(1);
  say(behind.size === 0 ? `every device caught up within ${took} s` : `${behind.size} devices have not caught up`);
  const owed = world.push ? await workDone(cluster.mysqlUrl, options.pushPatience * 1000) : [];
  if (world.push) say(owed.length === 0 ? 'nothing is owed any more' : `still owed: ${owed.join(', ')}`);
  const final = await finalState(cluster, world, workload, { behind, owed });
  say(`checking ${history.events.length} events against ${final.rows.length} stored messages`);

  const stories = new Set(history.events.flatMap((event) => (event.type === 'send.invoke' ? [keyOf(event)] : [])));
  const acked = new Set(history.events.flatMap((event) => (event.type === 'send.ok' ? [keyOf(event)] : [])));
  return {
    history,
    violations: check(history.events, final),
    attempted: stories.size,
    acked: acked.size,
    refused: workload.results.refused,
    unknown: workload.results.unknown,
    faults: nemesis.injected,
    seconds: Math.round(history.now() / 1000),
    unexpected: [...cluster.unexpected, ...nemesis.unmet.map((fault) => `${fault} did not find its moment`)],
  };
}

const keyOf = ({ conversation, sender, id }: { conversation: string; sender: string; id: string }): string =>
  `${conversation} ${sender} ${id}`;

/** Until enough is acknowledged, enough time has passed, and every planned fault has come and gone. */
async function loadAndBreak(options: TrialOptions, nemesis: Nemesis, workload: Workload): Promise<void> {
  const { acked, seconds, deadline, faults, say } = options;
  const began = performance.now();
  const lasted = (): number => (performance.now() - began) / 1000;
  const progress = (): number =>
    lasted() > deadline ? 1 : Math.min(workload.results.acked / acked, seconds > 0 ? lasted() / seconds : Infinity);
  const telling = setInterval(
    () => say(`${workload.results.acked} of ${acked} acknowledged, ${nemesis.injected} of ${faults.length} faults`),
    10_000,
  );
  try {
    await nemesis.run(faults, progress);
    while (progress() < 1) await pause(50);
  } finally {
    clearInterval(telling);
  }
}

/** Waits until every connected device holds every log, and tells which do not in time. */
async function catchUp(
  seconds: number,
  cluster: Cluster,
  world: World,
  workload: Workload,
): Promise<Map<string, string>> {
  const { heads, members } = await headsOf(cluster.mysqlUrl, world.tenants);
  const lacks = (client: VirtualClient): string[] =>
    [...members].flatMap(([conversation, users]) => {
      if (!users.includes(userOf(client.device))) return [];
      const have = client.have(conversation.slice(conversation.indexOf('|') + 1));
      const head = heads.get(conversation) ?? 0;
      return have < head ? [`${conversation} ${have} of ${head}`] : [];
    });
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await pause(200)) {
    const deaf = ({ device, rooms }: VirtualClient): boolean =>
      rooms.lacks((conversationId) => heads.get(`${tenantOf(device)}|${conversationId}`) ?? 0);
    // What rooms' listeners have missed is for the invariants to judge.
    if (workload.clients.every((client) => lacks(client).length === 0 && !deaf(client))) break;
  }
  return new Map(
    workload.clients.flatMap((client): [string, string][] => {
      const missing = lacks(client);
      return missing.length > 0 || client.ended
        ? [[client.device, client.ended ? 'it was sent away' : missing.join(', ')]]
        : [];
    }),
  );
}

/** The last questions, a login from nothing for every user, everybody's marks, and the dump. */
async function finalState(
  cluster: Cluster,
  world: World,
  workload: Workload,
  { behind, owed }: { behind: ReadonlyMap<string, string>; owed: readonly string[] },
): Promise<FinalState> {
  await probe(world);
  const fresh: VirtualClient[] = [];
  for (const tenant of world.tenants) {
    for (const userId of tenant.users) {
      const login = await logIn(world.url, tenant, userId);
      const client = new VirtualClient({ world, tenant, login, deviceId: 'fresh', reads: false, via: 'fresh' });
      fresh.push(client);
      client.connect();
      for (const end = performance.now() + 10_000; !client.connected && performance.now() < end;) await pause(10);
      await client.readEverything();
      await client.marks(true);
    }
  }
  for (const client of workload.clients) if (client.connected) await client.marks(true);
  for (const client of fresh) client.close();
  const { records, ...stored } = await dump(cluster.mysqlUrl, world.tenants);
  return {
    ...stored,
    ...(world.push && { push: { records, owed, phones: world.push.phonesOf(world.tenants) } }),
    online: workload.clients.map(({ device }) => device),
    fresh: fresh.map(({ device }) => device),
    behind,
  };
}
