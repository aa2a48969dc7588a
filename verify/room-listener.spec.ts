import { Diary } from './diary';
import { History } from './history';
import { RoomListener } from './room-listener';

describe('A device in rooms', () => {
  it('comes back only after its leaving was answered, so that late messages are not taken for the next stay', async () => {
    const history = new History();
    const asked: string[] = [];
    const listener = new RoomListener(
      {
        connected: true,
        call: (event: string) => {
          asked.push(event);
          if (asked.length === 2) return Promise.reject(new Error('operation has timed out'));
          return Promise.resolve({ ok: true, data: { maxSeq: 3 } } as never);
        },
        later: () => undefined,
      },
      new Diary(history, 'north', 'north/user01/d1'),
    );
    await listener.enter('stage', 10);
    await listener.leave('stage');
    await listener.enter('stage', 10);
    expect(asked).toEqual(['chatroom:join', 'chatroom:leave', 'chatroom:leave', 'chatroom:join']);
    expect(history.events.map(({ type }) => type)).toEqual([
      'room.join',
      'room.joined',
      'room.out',
      'room.join',
      'room.joined',
    ]);
  });
});
