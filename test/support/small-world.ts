import { aConnectedUser, anApp, type ConnectedUser, type TestApp } from './builders';
import { startParley, type Parley } from './harness';

/** A node, an app on it, and Ann, who is connected. There while the tests run, not before. */
export interface SmallWorld {
  readonly parley: Parley;
  readonly app: TestApp;
  readonly ann: ConnectedUser;
}

/** Made before the tests of the block or file that calls it, and taken down after them. */
export function aSmallWorld(): SmallWorld {
  const world: { -readonly [Part in keyof SmallWorld]?: SmallWorld[Part] } = {};
  beforeAll(async () => {
    world.parley = await startParley();
    world.app = await anApp(world.parley);
    world.ann = await aConnectedUser(world.app);
  });
  afterAll(async () => {
    world.ann?.device.close();
    await world.parley?.stop();
  });
  return world as SmallWorld;
}
