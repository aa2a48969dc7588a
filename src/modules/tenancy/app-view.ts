import type { AccountMode, AppRow, AppStatus } from './app.entity';
import { readAppSettings, type AppSettings } from './app-settings';

/** An app as its developer sees it, but for what proves something. */
export interface AppView {
  appId: string;
  name: string;
  accountMode: AccountMode;
  status: AppStatus;
  /** In force, defaults included. */
  settings: AppSettings;
  createdAt: string;
  /** Its first time online. */
  wentOnlineAt?: string;
}

/** With the login key, which clients of an arbitrary-mode app embed. */
export type AppWithToken = AppView & { appToken: string };
/** With the first secret in clear: only at creation. */
export type AppWithSecret = AppWithToken & { appSecret: string };

/** A new secret in clear, and until when the one before still holds. */
export interface RotatedSecret {
  appId: string;
  appSecret: string;
  /** Names the secret in user tokens. */
  kid: number;
  previous?: { kid: number; expiresAt: string };
}

/** A new login key in clear, and until when the one before still opens. */
export interface RotatedToken {
  appId: string;
  appToken: string;
  previous?: { expiresAt: string };
}

export const appView = (row: AppRow): AppView => ({
  appId: row.appId,
  name: row.name,
  accountMode: row.accountMode,
  status: row.status,
  settings: readAppSettings(row.settings),
  createdAt: row.createdAt.toISOString(),
  ...(row.wentOnlineAt && { wentOnlineAt: row.wentOnlineAt.toISOString() }),
});
