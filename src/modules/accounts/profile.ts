import { AppError } from '../../kernel/errors/app-error';

const PROFILE_MAX_BYTES = 2048;

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
  ...(nickname !== undefined && { nickname }),
  ...(avatarUrl !== undefined && { avatarUrl }),
  ...(profile !== undefined && { profile: profile === null ? null : writeProfile(profile) }),
});
