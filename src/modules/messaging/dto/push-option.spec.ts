import { isPushOption } from './push-option';

describe('what a message says about its push', () => {
  it.each([
    false,
    {},
    { off: true },
    { title: '新消息', body: 'come and see', data: { screen: 'order', order: '17' } },
    { body: 'x'.repeat(2000) },
  ])('may be %j', (option) => expect(isPushOption(option)).toBe(true));

  it.each([
    true,
    null,
    'off',
    [],
    { sound: 'x' },
    { title: 7 },
    { body: ' ' },
    { off: 'yes' },
    { data: { count: 3 } },
    { data: ['a'] },
    { body: '字'.repeat(1000) },
  ])('may not be %j', (option) => expect(isPushOption(option)).toBe(false));
});
