import { type AppError, invalid } from '../../kernel/errors/app-error';
import type { Quotas } from './plans';

export const DEVICE_POLICIES = ['single', 'one-per-platform', 'multi'] as const;
export type DevicePolicyKind = (typeof DEVICE_POLICIES)[number];
/** No user token lasts longer, whatever it says of itself. */
export const TOKEN_TTL_MAX_SECONDS = 30 * 86_400;

export const PUSH_STYLES = ['full', 'hidden'] as const;
/** `full` shows what was written, `hidden` only that something was. */
export type PushStyle = (typeof PUSH_STYLES)[number];

/** An app's own words for one type of message in one language. `{sender}`, `{group}`, `{text}` and `{count}` are filled in. */
export interface PushTemplate {
  readonly language: string;
  /** A message type, or `default`, `hidden`, `mention`, `burst`. */
  readonly type: string;
  readonly title?: string;
  readonly body: string;
}

/** What an app wants of its pushes; users' own settings come before `style` and `language`. */
export interface AppPushSettings {
  readonly enabled: boolean;
  /** A mention passes a user's do-not-disturb and quiet hours. */
  readonly mentionsPierce: boolean;
  /** What is read on one device brings the new badge to the others, by a push that shows nothing. */
  readonly badgeOnRead: boolean;
  readonly style: PushStyle;
  /** For users and devices that name no language; absent: English. */
  readonly language?: string;
  readonly sound: string;
  readonly templates: readonly PushTemplate[];
}

/** An app's settings in force: what its developer set, and the default for the rest. */
export class AppSettings {
  /** Devices a user may be logged in on at once; `max` counts for `multi`. */
  readonly devicePolicy: { readonly kind: DevicePolicyKind; readonly max: number } = { kind: 'multi', max: 5 };
  /** Arbitrary mode: what a user id must look like, beyond what every id must; 5 to 20 characters are advice (Y14). */
  readonly userIdRule: { readonly minLength: number; readonly maxLength: number; readonly forbidLeadingG: boolean } = {
    minLength: 1,
    maxLength: 64,
    forbidLeadingG: true,
  };
  /** Arbitrary mode: a message to a valid name that never logged in waits for it. */
  readonly acceptUnknownRecipients: boolean = true;
  /** Arbitrary mode: whoever holds the login key logs in by a name; off, tokens come from the app's server alone. */
  readonly loginByAppToken: boolean = true;
  /** Life of a user token, where the issuer names none. */
  readonly tokenTtlSeconds: number = 86_400;
  /** Days that messages are kept, as the app wishes; `historyDaysOf` knows the plan as well. */
  readonly historyDays?: number;
  /** Days that what is said in rooms is kept, where that differs from other messages; the plan counts here as well. */
  readonly chatroomHistoryDays?: number;
  /** Minutes after which a room that nobody is in and nothing is said in is closed; absent: never. */
  readonly chatroomIdleMinutes?: number;
  /** A join of a room that is not there makes it. */
  readonly joinCreates: boolean = false;
  /** Longest text in bytes of UTF-8; absent: the deployment's limit. */
  readonly textBytes?: number;
  /** Told to clients at login; absent: the deployment's. */
  readonly endpoints?: readonly string[];
  readonly push: AppPushSettings = {
    enabled: true,
    mentionsPierce: false,
    badgeOnRead: false,
    style: 'full',
    sound: 'default',
    templates: [],
  };
}

type Nested = 'devicePolicy' | 'userIdRule' | 'push';
/** Any part of the settings, as stored and as a developer sends them. */
export type AppSettingsPart = {
  -readonly [K in keyof AppSettings]?: K extends Nested ? Partial<AppSettings[K]> : AppSettings[K];
} & {
  /** Of an earlier version, which did nothing. */
  callbackUrl?: string;
};

/** A URL that nothing would ever call is worse than none. */
export const noWebhooks = (field: string): AppError =>
  invalid(field, 'There are no webhooks yet, so nothing would be sent there; leave it out.');

/** Only what an app set itself is stored; the rest follows the defaults, also when those change one day. */
export function readAppSettings(stored: string): AppSettings {
  const defaults = new AppSettings();
  const { callbackUrl: _, ...own } = JSON.parse(stored) as AppSettingsPart;
  return Object.assign(defaults, own, {
    devicePolicy: { ...defaults.devicePolicy, ...own.devicePolicy },
    userIdRule: { ...defaults.userIdRule, ...own.userIdRule },
    push: { ...defaults.push, ...own.push },
  });
}

/** What is stored after a change. Throws INVALID_REQUEST where the settings would contradict each other. */
export function changeAppSettings(stored: string, change: AppSettingsPart, textBytesMax: number): string {
  if (change.callbackUrl !== undefined) throw noWebhooks('settings.callbackUrl');
  const { callbackUrl: _, ...own } = JSON.parse(stored) as AppSettingsPart;
  const next: AppSettingsPart = { ...own, ...defined(change) };
  if (change.devicePolicy) next.devicePolicy = { ...own.devicePolicy, ...defined(change.devicePolicy) };
  if (change.userIdRule) next.userIdRule = { ...own.userIdRule, ...defined(change.userIdRule) };
  if (change.push) next.push = { ...own.push, ...defined(change.push) };
  // Those without a default of their own are taken away again by what says "nothing".
  if (!next.historyDays) delete next.historyDays;
  if (!next.chatroomHistoryDays) delete next.chatroomHistoryDays;
  if (!next.chatroomIdleMinutes) delete next.chatroomIdleMinutes;
  if (!next.textBytes) delete next.textBytes;
  if (!next.endpoints?.length) delete next.endpoints;
  if (next.push?.language === '') {
    const { language: _, ...rest } = next.push;
    next.push = rest;
  }

  const text = JSON.stringify(next);
  const { userIdRule, textBytes, push } = readAppSettings(text);
  if (userIdRule.minLength > userIdRule.maxLength) {
    throw invalid('settings.userIdRule.minLength', 'minLength must not be greater than maxLength.');
  }
  if (textBytes !== undefined && textBytes > textBytesMax) {
    throw invalid('settings.textBytes', `This deployment allows ${textBytesMax} bytes at most.`);
  }
  assertOneTemplateEach(push.templates);
  return text;
}

function assertOneTemplateEach(templates: readonly PushTemplate[]): void {
  const seen = new Set<string>();
  templates.forEach(({ language, type }, index) => {
    const key = `${language.toLowerCase()} ${type}`;
    if (seen.has(key)) {
      throw invalid(`settings.push.templates[${index}]`, 'There is a template for this language and type already.');
    }
    seen.add(key);
  });
}

/** Days that an app's messages are kept: the lesser of the app's wish and the plan. Undefined: for ever. */
export function historyDaysOf({ settings, quotas }: { settings: AppSettings; quotas: Quotas }): number | undefined {
  const days = Math.min(settings.historyDays ?? Infinity, quotas.historyDays ?? Infinity);
  return Number.isFinite(days) ? days : undefined;
}

/** The same for what is said in rooms. */
export function roomHistoryDaysOf({ settings, quotas }: { settings: AppSettings; quotas: Quotas }): number | undefined {
  const historyDays = settings.chatroomHistoryDays ?? settings.historyDays;
  return historyDaysOf({ settings: { ...settings, historyDays }, quotas });
}

const defined = <T extends object>(part: T): Partial<T> =>
  Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as Partial<T>;
