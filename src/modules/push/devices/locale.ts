const LENGTH_MAX = 100;
/** As wide as the column. */
const STORED_MAX = 35;
const LANGUAGE = /^[a-z]{2,3}$/i;
const SCRIPT = /^[a-z]{4}$/i;
const REGION = /^([a-z]{2}|\d{3})$/i;
const VARIANT = /^([a-z0-9]{5,8}|\d[a-z0-9]{3})$/i;

/**
 * A language as phones, browsers and systems name it, as one tag (BCP 47): `zh-Hans-CN` and iOS's `zh-Hans_CN`, Java's
 * `zh_CN_#Hans` and old `iw`, `in`, `ji`, ICU's `en_US@calendar=gregorian`, POSIX's `en_US.UTF-8`, and whatever follows
 * `-u-`, `-t-` or `-x-`. What it says beside language, script and region is left out: it is about calendars and units.
 *
 * @returns undefined where no language is in it
 */
export function localeOf(text: string): string | undefined {
  if (text.length > LENGTH_MAX) return undefined;
  // Java puts script and extensions behind a number sign: what stands before it comes first.
  const [language = '', ...parts] = text
    .trim()
    .replace(/[.@].*$/s, '')
    .split(/[-_#]+/);
  if (!LANGUAGE.test(language) || !parts.every((part) => /^[a-z0-9]*$/i.test(part))) return undefined;
  const end = parts.findIndex((part) => part.length === 1);
  const said = end < 0 ? parts : parts.slice(0, end);
  const [script, region] = [SCRIPT, REGION].map((form) => said.find((part) => form.test(part)));
  const variants = new Set(said.filter((part) => VARIANT.test(part)).map((part) => part.toLowerCase()));
  return [
    [language, script, region, ...variants],
    [language, script, region],
  ]
    .map((tag) => canonical(tag.filter((part) => part !== undefined).join('-')))
    .find((tag) => tag !== undefined);
}

function canonical(tag: string): string | undefined {
  try {
    const { baseName } = new Intl.Locale(tag);
    // What has become an extension (`posix`) is none of ours.
    const [name = ''] = baseName.split(/-[a-z]-/i);
    return /^und\b/.test(name) || name.length > STORED_MAX ? undefined : name;
  } catch {
    return undefined;
  }
}
