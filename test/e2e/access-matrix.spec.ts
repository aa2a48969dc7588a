import { startParley, type Parley } from '../support/harness';
import { gapsOf, type RouteRow } from '../support/matrix/cells';
import { callAs, overHttp, owned, Stage, withoutTrace } from '../support/matrix/judge';
import { aLogKeeper } from '../support/matrix/log-keeper';
import { routesOf } from '../support/matrix/route-table';
import { ALL_ROWS as ROWS } from '../support/matrix/rows';
import { unclaimedTables } from '../support/matrix/stored';

/** Behind the dashboard's one door are its own routes; push-operations.spec.ts tries that door. */
const isOurs = (route: string): boolean => !/^\w+ \/operator\/queues(\/|$)/.test(route);

describe('every route', () => {
  const log = aLogKeeper();
  let parley: Parley;
  let stage: Stage;
  beforeAll(async () => {
    parley = await startParley({ LOG_LEVEL: 'trace' }, log.logger);
    stage = new Stage(parley);
  });
  afterAll(() => parley.stop());

  let readers: ReturnType<Stage['scenes']> | undefined;
  /** Whoever only reads may share a scene with others. */
  const scenesFor = (name: string, { fresh }: RouteRow): ReturnType<Stage['scenes']> =>
    name.startsWith('GET ')
      ? (readers ??= stage.scenes('readers'))
      : stage.scenes(`${Object.keys(ROWS).indexOf(name)}`, fresh);

  it('has a row of six cells, and every row a route', () => {
    expect(gapsOf(routesOf(parley.app).filter(isOurs), ROWS)).toEqual([]);
  });

  it('can be watched for what it changes: every table says whose its rows are', async () => {
    expect(await unclaimedTables(parley.sql)).toEqual([]);
  });

  it.each(Object.entries(ROWS))(
    'lets in whom it should, and shows nobody else what is there: %s',
    async (name, row) => {
      const scenes = await scenesFor(name, row);
      const subject = { ...row, names: row.call };
      expect(await stage.judge(subject, scenes, overHttp(parley, name, row, scenes))).toEqual([]);
    },
  );

  it('takes no other developer for the app server, nor says that the app exists', async () => {
    const scenes = await stage.scenes('x-app-id');
    const { app, developer } = { app: scenes.mine.world.app, developer: scenes.rival.world.developer };
    const problems: string[] = [];
    for (const [name, row] of Object.entries(ROWS).filter(([, { as }]) => as === 'app')) {
      const asked = (appId: string) =>
        callAs(parley, { ...developer.credential, appId }, name, row.call(owned(scenes, 'twin')));
      const [foreign, absent] = [await asked(app.appId), await asked(`${app.appId.slice(0, -6)}absent`)];
      const same = withoutTrace(foreign.text) === withoutTrace(absent.text);
      if (foreign.code !== 'APP_NOT_FOUND' || foreign.status !== 404 || !same)
        problems.push(`${name}: ${foreign.text}`);
    }
    expect(problems).toEqual([]);
  });

  it('wrote nothing into the log that a tenant would not show to others', () => {
    const all = log.lines.join('');
    expect(log.lines.length).toBeGreaterThan(100);
    expect([...stage.marks].filter((mark) => all.includes(mark))).toEqual([]);
  });
});
