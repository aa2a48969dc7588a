import { AppError, invalid } from '../../kernel/errors/app-error';

const NICKNAME_MAX = 64;
const PROFILE_MAX_BYTES = 2048;

/** Marks that turn text around or take no room, by which one name passes for another. Emoji need two of them. */
const INVISIBLE = /(?![\uFE0F\u200D])\p{Default_Ignorable_Code_Point}|[\u2028\u2029]/gu;
const CONTROLS = /\p{Cc}/gu;
/** A joiner is kept where it makes one picture out of two, and nowhere else. */
const LONE_JOINER =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D|\u200D(?!\p{Extended_Pictographic})/gu;

/** A name as it is shown: NFC, without controls, not blank. Throws INVALID_REQUEST (field `nickname`). */
export function cleanNickname(nickname: string): string {
  const clean = nickname.normalize('NFC').replace(CONTROLS, '').replace(INVISIBLE, '').replace(LONE_JOINER, '').trim();
  if (clean === '') throw invalid('nickname', 'A nickname needs at least one visible character.');
  if ([...clean].length > NICKNAME_MAX) throw invalid('nickname', `A nickname has at most ${NICKNAME_MAX} characters.`);
  return clean;
}

/** The app's own fields as they are stored: JSON text, in the order they were sent. Throws TOO_LARGE. */
function writeProfile(profile: object): string {
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
