import { changeAppSettings, historyDaysOf, readAppSettings } from './app-settings';
import { quotasOf } from './plans';

const MAX = 8192;

describe("an app's settings", () => {
  it('are the defaults until something is set', () => {
    expect(readAppSettings('{}')).toEqual({
      devicePolicy: { kind: 'multi', max: 5 },
      userIdRule: { minLength: 1, maxLength: 64, forbidLeadingG: true },
      acceptUnknownRecipients: true,
      loginByAppToken: true,
      joinCreates: false,
      tokenTtlSeconds: 86_400,
      push: {
        enabled: true,
        mentionsPierce: false,
        badgeOnRead: false,
        style: 'full',
        sound: 'default',
        templates: [],
      },
    });
  });

  it('keep what a change leaves out, at any depth', () => {
    const once = changeAppSettings('{}', { userIdRule: { maxLength: 32 }, historyDays: 30 }, MAX);
    const twice = changeAppSettings(once, { userIdRule: { minLength: 1 }, tokenTtlSeconds: undefined }, MAX);
    expect(JSON.parse(twice)).toEqual({ userIdRule: { maxLength: 32, minLength: 1 }, historyDays: 30 });
    expect(readAppSettings(twice).userIdRule).toEqual({ minLength: 1, maxLength: 32, forbidLeadingG: true });
  });

  it('hold the words of a push once for each language and type', () => {
    const template = { language: 'zh', type: 'text', body: '{sender}: {text}' };
    const set = changeAppSettings('{}', { push: { enabled: false, language: 'zh', templates: [template] } }, MAX);
    expect(readAppSettings(set).push).toMatchObject({ enabled: false, language: 'zh', templates: [template] });
    expect(readAppSettings(changeAppSettings(set, { push: { language: '' } }, MAX)).push).toEqual({
      ...readAppSettings('{}').push,
      enabled: false,
      templates: [template],
    });
    const twice = { push: { templates: [template, { ...template, language: 'ZH' }] } };
    expect(() => changeAppSettings('{}', twice, MAX)).toThrow('already');
  });

  it('lose what is set to nothing', () => {
    const set = changeAppSettings('{}', { historyDays: 30, textBytes: 100, endpoints: ['https://a.example'] }, MAX);
    expect(changeAppSettings(set, { historyDays: 0, textBytes: 0, endpoints: [] }, MAX)).toBe('{}');
  });

  it('say that nothing is sent to a callback URL, and no longer show one that an earlier version stored', () => {
    expect(() => changeAppSettings('{}', { callbackUrl: 'https://a.example' }, MAX)).toThrow(/no webhooks yet/);
    const old = '{"callbackUrl":"https://a.example"}';
    expect(readAppSettings(old)).not.toHaveProperty('callbackUrl');
    expect(changeAppSettings(old, { joinCreates: true }, MAX)).toBe('{"joinCreates":true}');
  });

  it('never contradict each other or the deployment', () => {
    expect(() => changeAppSettings('{}', { userIdRule: { minLength: 21, maxLength: 20 } }, MAX)).toThrow(/minLength/);
    expect(() => changeAppSettings('{}', { textBytes: MAX + 1 }, MAX)).toThrow(/8192 bytes/);
  });
});

describe('how long messages are kept', () => {
  it('is the lesser of the wish and the plan, and for ever without either', () => {
    const trial = quotasOf('trial', null);
    const unlimited = quotasOf('unlimited', null);
    expect(historyDaysOf({ settings: readAppSettings('{}'), quotas: unlimited })).toBeUndefined();
    expect(historyDaysOf({ settings: readAppSettings('{}'), quotas: trial })).toBe(7);
    expect(historyDaysOf({ settings: readAppSettings('{"historyDays":30}'), quotas: trial })).toBe(7);
    expect(historyDaysOf({ settings: readAppSettings('{"historyDays":3}'), quotas: trial })).toBe(3);
    expect(historyDaysOf({ settings: readAppSettings('{"historyDays":30}'), quotas: unlimited })).toBe(30);
  });
});

describe('a plan', () => {
  it('limits as it says, with what was agreed on top', () => {
    expect(quotasOf('unlimited', null)).toEqual({});
    expect(quotasOf('trial', null)).toEqual({ users: 100, groupMembers: 20, historyDays: 7 });
    expect(quotasOf('trial', '{"users":500,"apps":2}')).toEqual({
      users: 500,
      groupMembers: 20,
      historyDays: 7,
      apps: 2,
    });
  });
});
