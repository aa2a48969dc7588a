import type { PushTemplate } from '../tenancy';

/** Our own words in one language. Between braces stands what is filled in. */
interface Language {
  /** What stands for the content of a message, by type. */
  readonly labels: ReadonlyMap<string, string>;
  readonly anything: string;
  readonly hidden: string;
  readonly mention: string;
  readonly burst: string;
  /** In a group the title is its name, so the sender goes before the content. */
  readonly inGroup: string;
}

const ENGLISH: Language = {
  labels: new Map([
    ['emoji', '[Sticker]'],
    ['image', '[Photo]'],
    ['audio', '[Voice message]'],
    ['video', '[Video]'],
    ['file', '[File]'],
    ['location', '[Location]'],
    ['combined', '[Chat history]'],
  ]),
  anything: '[New message]',
  hidden: 'New message',
  mention: '[You were mentioned] {body}',
  burst: '({count} new messages) {body}',
  inGroup: '{sender}: {text}',
};

const CHINESE: Language = {
  labels: new Map([
    ['emoji', '[表情]'],
    ['image', '[图片]'],
    ['audio', '[语音]'],
    ['video', '[视频]'],
    ['file', '[文件]'],
    ['location', '[位置]'],
    ['combined', '[聊天记录]'],
  ]),
  anything: '[新消息]',
  hidden: '您有一条新消息',
  mention: '[有人@您] {body}',
  burst: '[{count}条新消息] {body}',
  inGroup: '{sender}：{text}',
};

const LANGUAGES: ReadonlyMap<string, Language> = new Map([
  ['en', ENGLISH],
  ['zh', CHINESE],
]);
const FALLBACK = 'en';

/** The words for one type of message in one language. */
export interface TypeWords {
  readonly title?: string;
  readonly label: string;
  /** `attributed`: the title names the group, so the body must say who wrote. */
  body(attributed: boolean): string;
  readonly mention: string;
  readonly burst: string;
}

const primary = (tag: string): string => tag.toLowerCase().split(/[-_]/, 1)[0];

const tagOf = (language: string): string => language.toLowerCase().replaceAll('_', '-');

/** `zh-Hans-CN`, then `zh-Hans`, then `zh`. */
function* fromSpecial(tag: string): Iterable<string> {
  for (let at = tag.length; at > 0; at = tag.lastIndexOf('-', at - 1)) yield tag.slice(0, at);
}

/** The first wish that there are words for; a regional tag is content with its language, and everybody with English. */
export function languageOf(wishes: readonly (string | undefined)[], templates: readonly PushTemplate[]): string {
  const known = new Set([...LANGUAGES.keys(), ...templates.map(({ language }) => tagOf(language))]);
  for (const wish of wishes) {
    if (wish === undefined) continue;
    for (const tag of fromSpecial(tagOf(wish))) if (known.has(tag)) return tag;
  }
  return FALLBACK;
}

/** The app's template for the type, else its template for all types, else ours. */
export function wordsOf(language: string, templates: readonly PushTemplate[], type: string): TypeWords {
  const own = (wanted: string): PushTemplate | undefined =>
    templates.find((each) => each.type === wanted && tagOf(each.language) === language);
  const ours = LANGUAGES.get(language) ?? LANGUAGES.get(primary(language)) ?? ENGLISH;
  const template = own(type) ?? (type === 'hidden' ? undefined : own('default'));
  const label = type === 'hidden' ? ours.hidden : (ours.labels.get(type) ?? ours.anything);
  return {
    ...(template?.title !== undefined && { title: template.title }),
    label,
    body: (attributed) => template?.body ?? (type === 'hidden' ? label : attributed ? ours.inGroup : '{text}'),
    mention: own('mention')?.body ?? ours.mention,
    burst: own('burst')?.body ?? ours.burst,
  };
}
