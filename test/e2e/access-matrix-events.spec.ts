import { CLIENT_EVENTS, type ClientEventName } from '../../src/kernel/contracts/socket-events';
import { Marks } from '../../src/modules/conversations';
import { OPERATOR_TOKEN, startParley, type Parley } from '../support/harness';
import { connect, Refused, type Device } from '../support/socket';
import { gapsOf, IDENTITIES, leaksIn, type Identity } from '../support/matrix/cells';
import { Stage, type Ask, type Told } from '../support/matrix/judge';
import { aLogKeeper } from '../support/matrix/log-keeper';
import { EVENT_ROWS } from '../support/matrix/rows';

describe('every event', () => {
  const log = aLogKeeper();
  const devices: Partial<Record<Identity, Device>> = {};
  let parley: Parley;
  let stage: Stage;
  let scenes: Awaited<ReturnType<Stage['scenes']>>;
  beforeAll(async () => {
    parley = await startParley({ LOG_LEVEL: 'trace' }, log.logger);
    stage = new Stage(parley);
    scenes = await stage.scenes('events');
    const { mine, other, rival } = scenes;
    // Dave, whom only the owner's app has, is online: nobody else may learn it.
    await connect(parley.url, mine.dave.token);
    bob = await connect(parley.url, mine.bob.token);
    devices.owner = await connect(parley.url, mine.ann.token);
    devices.otherUser = await connect(parley.url, mine.carol.token);
    devices.otherApp = await connect(parley.url, other.ann.token);
    devices.otherDeveloper = await connect(parley.url, rival.ann.token);
  });
  afterAll(() => parley.stop());

  let bob: Device;

  it('has a row of six cells, and every row an event', () => {
    expect(gapsOf(CLIENT_EVENTS, EVENT_ROWS)).toEqual([]);
  });

  /** Whoever is no user is refused at the handshake, and says nothing at all. */
  async function handshake(token: string | undefined): Promise<Told> {
    try {
      const options = token === undefined ? { auth: {} } : {};
      (await connect(parley.url, token ?? '', {}, options)).close();
      return { ok: true, text: '' };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { ok: false, code: String(error.error.code), text: JSON.stringify(error.error) };
    }
  }

  const ask =
    (event: ClientEventName): Ask =>
    async (identity, things) => {
      const device = devices[identity];
      if (!device) return handshake(identity === 'operator' ? OPERATOR_TOKEN : undefined);
      const ack = await device.ask(event, EVENT_ROWS[event]?.data(things) as never);
      // Delivered marks are written a moment later; here that moment is over.
      await parley.app.get(Marks, { strict: false }).flush();
      return { ok: ack.ok, text: JSON.stringify(ack), ...(!ack.ok && { code: ack.error.code }) };
    };

  it.each(CLIENT_EVENTS)('answers whom it should, and shows nobody else what is there: %s', async (event) => {
    const row = EVENT_ROWS[event];
    if (!row) throw new Error(`${event} has no row`);
    expect(await stage.judge({ ...row, as: 'user', names: row.data }, scenes, ask(event))).toEqual([]);
  });

  it('reached nobody whom it did not concern', () => {
    // Bob heard what ann and carol did to him; a stranger's doings under the same ids reached neither.
    const toHim = bob.all('message:new').filter(({ conversationId }) => conversationId.startsWith('user:'));
    expect(toHim.map(({ from }) => from)).toEqual([scenes.mine.ann.userId, scenes.mine.carol.userId]);
    expect(bob.all('typing')).toHaveLength(1);
    const strays = IDENTITIES.flatMap((identity) => {
      const heard = JSON.stringify(devices[identity]?.heard ?? []);
      return leaksIn(heard, identity, 'user', scenes.worlds, stage.marks).map((leak) => `${identity} heard ${leak}`);
    });
    expect(strays).toEqual([]);
    const { groupId, chatroomId } = scenes.mine;
    // Of a group: its owner hears everything, carol of the one she made.
    const ofGroup = ({ data }: { data: unknown }, of: string): boolean =>
      ['groupId', 'chatroomId', 'conversationId'].some((name) =>
        String((data as Record<string, unknown>)[name])
          .replace('group:', '')
          .startsWith(of),
      );
    expect(devices.otherUser?.heard.filter((heard) => !ofGroup(heard, 'new-') && !ofGroup(heard, chatroomId))).toEqual(
      [],
    );
    expect(
      devices.owner?.heard.filter((heard) => ![groupId, chatroomId, 'new-'].some((of) => ofGroup(heard, of))),
    ).toEqual([]);
  });

  it('wrote nothing into the log that a tenant would not show to others', () => {
    const all = log.lines.join('');
    expect(log.lines.length).toBeGreaterThan(10);
    expect([...stage.marks].filter((mark) => all.includes(mark))).toEqual([]);
  });
});
