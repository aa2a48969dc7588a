import { Deadlines } from './deadlines';

describe('deadlines', () => {
  let deadlines: Deadlines;
  const late: string[] = [];
  const begin = (name: string) => deadlines.begin(() => late.push(name));
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    deadlines = new Deadlines(1000);
    late.length = 0;
  });
  afterEach(() => {
    deadlines.stop();
    jest.useRealTimers();
  });

  it('end each wait once, no sooner than it may take, and those first that began first', () => {
    begin('first');
    jest.advanceTimersByTime(500);
    begin('second');
    jest.advanceTimersByTime(499);
    expect(late).toEqual([]);
    jest.advanceTimersByTime(200);
    expect(late).toEqual(['first']);
    jest.advanceTimersByTime(10_000);
    expect(late).toEqual(['first', 'second']);
  });

  it('leave alone what has come', () => {
    const [here, gone] = [begin('here'), begin('gone')];
    jest.advanceTimersByTime(900);
    expect([deadlines.end(here), deadlines.longestMs]).toEqual([true, 900]);
    jest.advanceTimersByTime(300);
    expect([late, deadlines.end(gone), deadlines.longestMs]).toEqual([['gone'], false, 0]);
  });

  it('may be put off for as long as nobody is to blame', () => {
    const asked: number[] = [];
    deadlines.stop();
    deadlines = new Deadlines(1000, (tookMs) => asked.push(tookMs) > 3);
    begin('first');
    jest.advanceTimersByTime(1000);
    begin('second');
    jest.advanceTimersByTime(400);
    expect([late, asked]).toEqual([['first'], [1100, 1200, 1300, 1400]]);
    jest.advanceTimersByTime(1000);
    expect(late).toEqual(['first', 'second']);
  });
});
