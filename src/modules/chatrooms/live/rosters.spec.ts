import { Rosters } from './rosters';

describe('the rosters of rooms', () => {
  it('report a join and a departure once, however many nodes a user is on', () => {
    const rosters = new Rosters();
    const told: string[] = [];
    rosters.onChange(({ joined, left }) => told.push(`+${joined.join()} -${left.join()}`));
    rosters.apply('a', 1, [[7, 1]], []);
    rosters.apply('b', 1, [[7, 3]], []);
    rosters.apply('a', 1, [], [7]);
    expect(rosters.has(1, 7)).toBe(true);
    expect(rosters.versionOf(1, 7)).toBe(3);
    rosters.apply('b', 1, [], [7]);
    rosters.apply('b', 1, [], [7]);
    expect(told).toEqual(['+7 -', '+ -7']);
    expect([rosters.count(1), rosters.nodes()]).toEqual([0, []]);
  });

  it('agree with a simple model after any mixture of changes, full rosters and lost nodes', () => {
    const rosters = new Rosters();
    const model = new Map<string, number>();
    let seed = 11;
    const random = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below;
    const keysOf = (node: string, room: number): string[] =>
      [...model.keys()].filter((key) => key.startsWith(`${node}:${room}:`));
    for (let step = 1; step <= 5000; step++) {
      const [node, room, user] = ['abc'.charAt(random(3)), random(3), random(6)];
      const what = random(20);
      if (what < 9) {
        rosters.apply(node, room, [[user, step]], []);
        model.set(`${node}:${room}:${user}`, step);
      } else if (what < 18) {
        rosters.apply(node, room, [], [user]);
        model.delete(`${node}:${room}:${user}`);
      } else if (what === 18) {
        rosters.replace(node, room, [[user, step]]);
        for (const key of keysOf(node, room)) model.delete(key);
        model.set(`${node}:${room}:${user}`, step);
      } else {
        rosters.keepOnly(node, [room]);
        for (const other of [0, 1, 2]) if (other !== room) for (const key of keysOf(node, other)) model.delete(key);
      }
      const inRoom = [...model].filter(([key]) => key.split(':')[1] === String(room));
      const users = new Set(inRoom.map(([key]) => Number(key.split(':')[2])));
      expect(rosters.users(room).sort()).toEqual([...users].sort());
      expect(rosters.count(room)).toBe(users.size);
      const versions = inRoom.filter(([key]) => key.endsWith(`:${user}`)).map(([, version]) => version);
      expect(rosters.versionOf(room, user)).toBe(versions.length > 0 ? Math.max(...versions) : undefined);
    }
  });
});
