import type { PushWords } from '../../kernel/contracts/message';
import type { PushStyle, PushTemplate } from '../tenancy';
import type { UserPushSettings } from './decision';
import { cut, printable } from './note-text';
import { languageOf, wordsOf } from './note-words';

/** What the words of a notification are made from. */
export interface NoteInput {
  readonly message: { readonly type: string; readonly body: unknown };
  /** The sender's nickname, else its id; absent for a notice of the app. */
  readonly sender?: { readonly userId: string; readonly nickname?: string };
  /** The group's name, where there is one. */
  readonly conversationName?: string;
  /** How many messages this one notification stands for. */
  readonly count: number;
  readonly mentioned: boolean;
  /** What the message says about its own push. */
  readonly words?: PushWords;
  /** The recipient's. */
  readonly settings?: Pick<UserPushSettings, 'style' | 'language'>;
  /** The device's language tag, where the user chose none. */
  readonly locale?: string;
  /** The app's own defaults and templates. */
  readonly app?: {
    readonly style?: PushStyle;
    readonly language?: string;
    readonly sound?: string;
    readonly templates?: readonly PushTemplate[];
  };
}

export interface NoteWords {
  readonly title?: string;
  readonly body: string;
  readonly sound?: string;
}

/**
 * Vendors take 4 KB for everything: these two, in bytes of JSON, leave room for the envelope and for the 2 KB that a
 * message may say about its push.
 */
export const TITLE_BYTES_MAX = 256;
export const BODY_BYTES_MAX = 1024;

/**
 * The words of one notification, the same for every vendor: what the message itself says, else the app's template for its
 * type, else ours, in the recipient's language. A recipient who hides content sees who wrote and nothing of what.
 */
export function compose(input: NoteInput): NoteWords {
  const { app, settings, words, count } = input;
  const hidden = (settings?.style ?? app?.style) === 'hidden';
  const templates = app?.templates ?? [];
  const language = languageOf([settings?.language, input.locale, app?.language], templates);
  const said = wordsOf(language, templates, hidden ? 'hidden' : input.message.type);
  const slots = slotsOf(input, said.label);
  const own = hidden ? undefined : words;

  const single = own?.body ?? fill(said.body(slots.group !== '' && slots.sender !== ''), slots);
  const named =
    input.mentioned && !hidden && own?.body === undefined ? fill(said.mention, { ...slots, body: single }) : single;
  const body = count > 1 ? fill(said.burst, { ...slots, body: named }) : named;
  const title = own?.title ?? fill(said.title ?? (slots.group === '' ? '{sender}' : '{group}'), slots);
  const shown = cut(printable(title), TITLE_BYTES_MAX);
  return {
    ...(shown !== '' && { title: shown }),
    body: cut(printable(body), BODY_BYTES_MAX) || said.label,
    sound: app?.sound ?? 'default',
  };
}

type Slots = Record<'sender' | 'group' | 'text' | 'count' | 'body', string>;

function slotsOf({ message, sender, conversationName, count }: NoteInput, label: string): Slots {
  const text = message.type === 'text' ? textOf(message.body) : '';
  return {
    sender: nonBlank(sender?.nickname) ?? sender?.userId ?? '',
    group: conversationName ?? '',
    text: text.trim() === '' ? label : text,
    count: String(count),
    body: '',
  };
}

const nonBlank = (text: string | undefined): string | undefined => (text?.trim() ? text : undefined);

const textOf = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'text' in body && typeof body.text === 'string' ? body.text : '';

/** One pass over the template: what somebody wrote is never read as a template itself. */
const fill = (template: string, slots: Slots): string =>
  template.replace(/\{(sender|group|text|count|body)\}/g, (_, name: keyof Slots) => slots[name]).trim();
