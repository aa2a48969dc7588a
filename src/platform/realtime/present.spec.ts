import fc from 'fast-check';
import type { Connection } from './connection';
import { Connections } from './connections';
import { Present } from './present';

const aConnection = (userPk: number): Connection =>
  ({ caller: { userPk, userId: `u${userPk}`, app: { pk: 1 } } }) as Connection;

describe('who of many is connected here', () => {
  const MEMBERS = 1000;
  let connections: Connections;
  let present: Present;
  beforeEach(() => {
    connections = new Connections();
    present = new Present(connections);
  });

  it('is always right, whoever comes and goes between the questions', () => {
    // Half of those who come and go are not in the list.
    const userPks = Array.from({ length: MEMBERS }, (_, i) => 2 * (MEMBERS - i));
    const step = fc.oneof(
      { weight: 10, arbitrary: fc.integer({ min: 1, max: 60 }) },
      { weight: 2, arbitrary: fc.constant('ask' as const) },
      // More than is remembered.
      { weight: 1, arbitrary: fc.constant('crowd' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const here = new Map<number, Connection>();
        connections = new Connections();
        present = new Present(connections);
        const toggle = (userPk: number): void => {
          const connection = here.get(userPk) ?? aConnection(userPk);
          if (here.delete(userPk)) connections.remove(connection);
          else {
            here.set(userPk, connection);
            connections.add(connection);
          }
        };
        for (const one of steps) {
          if (one === 'crowd') for (let i = 0; i < 5000; i++) toggle(10_000 + (i % 10));
          else if (one !== 'ask') toggle(one);
          else {
            const found = [...present.of(userPks)].sort((a, b) => a - b);
            expect(found).toEqual([...here.keys()].filter((pk) => pk % 2 === 0 && pk < 9000).sort((a, b) => a - b));
          }
        }
      }),
    );
  });

  it('is not looked up again for those who are away', () => {
    const userPks = Array.from({ length: MEMBERS }, (_, i) => i);
    connections.add(aConnection(7));
    expect([...present.of(userPks)]).toEqual([7]);
    const asked = jest.spyOn(connections, 'has');
    connections.add(aConnection(9));
    expect([...present.of(userPks)]).toEqual([7, 9]);
    expect(asked).toHaveBeenCalledTimes(1);
  });
});
