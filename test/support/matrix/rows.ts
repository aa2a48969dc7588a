import type { EventRow, RouteRow } from './cells';
import { ACCOUNTS_ROWS } from './rows-accounts';
import { CHATROOM_EVENT_ROWS, CHATROOM_ROWS } from './rows-chatrooms';
import { GROUP_EVENT_ROWS, GROUP_ROWS } from './rows-groups';
import { MESSAGING_EVENT_ROWS, MESSAGING_ROWS } from './rows-messaging';
import { OPEN_ROWS } from './rows-open';
import { PUSH_ROWS } from './rows-push';
import { PUSH_CREDENTIAL_ROWS } from './rows-push-credentials';
import { TENANCY_ROWS } from './rows-tenancy';

/** How every route treats everybody. */
export const ALL_ROWS: Record<string, RouteRow> = {
  ...OPEN_ROWS,
  ...TENANCY_ROWS,
  ...ACCOUNTS_ROWS,
  ...MESSAGING_ROWS,
  ...GROUP_ROWS,
  ...PUSH_ROWS,
  ...CHATROOM_ROWS,
  ...PUSH_CREDENTIAL_ROWS,
};

/** How every event treats everybody. */
export const EVENT_ROWS: Record<string, EventRow> = {
  ...MESSAGING_EVENT_ROWS,
  ...GROUP_EVENT_ROWS,
  ...CHATROOM_EVENT_ROWS,
};
