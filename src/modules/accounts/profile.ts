import { AppError, invalid } from '../../kernel/errors/app-error';

export const NICKNAME_MAX = 64;
const PROFILE_MAX_BYTES = 2048;

/** Marks that turn text around or take no room: they let one name pass for another. */
const BIDI_AND_ZERO_WIDTH =
  /[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180E\u200B\u200C\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0]/gu;
const CONTROLS = /\p{Cc}/gu;
/** A joiner is kept where it makes one picture out of two, and nowhere else. */
const LONE_JOINER =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D|\u200D(?!\p{Extended_Pictographic})/gu;

/** A name as it is shown: NFC, without controls, not blank. Throws INVALID_REQUEST (field `nickname`). */
export function cleanNickname(nickname: string): string {
  const clean = nickname
    .normalize('NFC')
    .replace(CONTROLS, '')
    .replace(BIDI_AND_ZERO_WIDTH, '')
    .replace(LONE_JOINER, '')
    .trim();
  if (clean === '') throw invalid('nickname', 'A nickname needs at least one visible character.');
  if ([...clean].length > NICKNAME_MAX) throw invalid('nickname', `A nickname has at most ${NICKNAME_MAX} characters.`);
  return clean;
}

/** The app's own fields as they are stored: JSON text, in the order they were sent. Throws TOO_LARGE. */
export function writeProfile(profile: object): string {
  const text = JSON.stringify(profile);
  if (Buffer.byteLength(text) > PROFILE_MAX_BYTES) {
    throw new AppError('TOO_LARGE', { field: 'profile', details: { maxBytes: PROFILE_MAX_BYTES } });
  }
  return text;
}

export interface ProfileFields {
  nickname?: string | null | undefined;
  avatarUrl?: string | null | undefined;
  profile?: object | null | undefined;
}

/** What was sent, ready to be stored; absent stays absent, null clears. */
export const storable = ({ nickname, avatarUrl, profile }: ProfileFields) => ({
  ...(nickname !== undefined && { nickname: nickname === null ? null : cleanNickname(nickname) }),
  ...(avatarUrl !== undefined && { avatarUrl }),
  ...(profile !== undefined && { profile: profile === null ? null : writeProfile(profile) }),
});
