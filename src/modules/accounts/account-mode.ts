import type { Warning } from '../../kernel/contracts/warning';
import { AppError, invalid } from '../../kernel/errors/app-error';
import { NEW_ID_PATTERN, NEW_ID_RULE, randomId } from '../../kernel/ids';
import type { App } from '../tenancy';

/** What a new user is made of. */
export interface Newcomer {
  userId: string;
  /** Fixed mode: the generated login name. */
  account: string | null;
  /** Fixed mode: generated when the app server chose none; shown once. */
  password: { generated: string } | { chosen: string } | null;
}

/** How an app's users get their names and prove themselves; chosen when the app is made, never changed. */
export interface AccountMode {
  readonly kind: 'fixed' | 'arbitrary';
  /** Users have an account and a password of ours. */
  readonly hasPasswords: boolean;
  /** A valid name that logs in (or gets a token) for the first time becomes a user. */
  readonly registersAtLogin: boolean;
  /** Throws INVALID_REQUEST (field `userId`) for a name that this app does not allow. */
  checkName(app: App, userId: string): void;
  /** Throws INVALID_REQUEST for what does not go with the mode. */
  newcomer(app: App, wanted: { userId?: string | undefined; password?: string | undefined }): Newcomer;
  /** May this unknown name be written to before it ever logged in? */
  awaitsUnknown(app: App, userId: string): boolean;
}

/** Generated passwords: 26 × 5 bits. Chosen ones may not look like one, so that checking costs the same for both. */
export const GENERATED_PASSWORD = /^[a-km-np-z2-9]{26}$/;
const ACCOUNT_LENGTH = 16;

/** A refusal that names the app's setting behind it. */
const against = (setting: string, what: string): AppError =>
  new AppError('INVALID_REQUEST', {
    field: 'userId',
    message: `${what}; its developer decides that in settings.${setting}.`,
    details: { setting },
  });

const ADVISED = { minLength: 5, maxLength: 20 };

/** For an answer about a user: what is allowed and still not wise about an id of the app's own. */
export function warned(app: App, userId: string): { warnings?: Warning[] } {
  const { length } = userId;
  if (!modeOf(app).registersAtLogin || (length >= ADVISED.minLength && length <= ADVISED.maxLength)) return {};
  const message = `User ids of ${ADVISED.minLength} to ${ADVISED.maxLength} characters are recommended for compatibility with other IM services; this one was accepted.`;
  return { warnings: [{ field: 'userId', message }] };
}

const checkId = (userId: string): void => {
  if (!NEW_ID_PATTERN.test(userId)) throw invalid('userId', NEW_ID_RULE);
};

/** The app server makes every user; we make the account and the password (Y10, Y11). */
const fixed: AccountMode = {
  kind: 'fixed',
  hasPasswords: true,
  registersAtLogin: false,
  checkName: (_app, userId) => checkId(userId),
  newcomer(app, { userId = randomId(16, 'u'), password }) {
    this.checkName(app, userId);
    if (password !== undefined && GENERATED_PASSWORD.test(password)) {
      throw invalid('password', 'This looks like a generated password; choose another.');
    }
    return {
      userId,
      account: randomId(ACCOUNT_LENGTH),
      password: password === undefined ? { generated: randomId(26) } : { chosen: password },
    };
  },
  awaitsUnknown: () => false,
};

/** The app's own names, no registration, no password of ours: the app checks it itself (Y13). */
const arbitrary: AccountMode = {
  kind: 'arbitrary',
  hasPasswords: false,
  registersAtLogin: true,
  checkName(app, userId) {
    checkId(userId);
    const { minLength, maxLength, forbidLeadingG } = app.settings.userIdRule;
    if (userId.length < minLength || userId.length > maxLength) {
      throw against('userIdRule', `A user id of this app has ${minLength} to ${maxLength} characters`);
    }
    if (forbidLeadingG && /^g/i.test(userId))
      throw against('userIdRule.forbidLeadingG', 'A user id of this app must not begin with g or G');
  },
  newcomer(app, { userId, password }) {
    if (userId === undefined) throw invalid('userId', 'Name the user: in this app user ids are your own.');
    if (password !== undefined)
      throw invalid('password', 'Users of this app have no password here; your app checks it.');
    this.checkName(app, userId);
    return { userId, account: null, password: null };
  },
  awaitsUnknown(app, userId) {
    return app.settings.acceptUnknownRecipients && isName(this, app, userId);
  },
};

function isName(mode: AccountMode, app: App, userId: string): boolean {
  try {
    mode.checkName(app, userId);
    return true;
  } catch {
    return false;
  }
}

export const ACCOUNT_MODES: Readonly<Record<AccountMode['kind'], AccountMode>> = { fixed, arbitrary };
export const modeOf = (app: App): AccountMode => ACCOUNT_MODES[app.accountMode];
