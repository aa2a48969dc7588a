/**
 * Who asks. Built once by the door from a verified credential and passed first to every use case; nothing in a body or
 * a query can change it. `pk`s are our own integers and never leave the server.
 */

/** The wall between tenants, as the credential proved it. */
export interface AppRef {
  readonly pk: number;
  readonly appId: string;
  /** Raised by every change of the app's state or settings: tells which of them the caller was proven under. */
  readonly version: number;
  /** Longest text that the app allows, in bytes of UTF-8; absent: the deployment's limit. */
  readonly textBytes?: number;
}

/** A user on a device, logged in. */
export interface UserCaller {
  readonly kind: 'user';
  readonly app: AppRef;
  readonly userPk: number;
  readonly userId: string;
  readonly sessionPk: number;
  readonly sessionId: string;
  /** `users.auth_version` when this caller was last proven valid; the send transaction compares it under the lock. */
  readonly authVersion: number;
  /** When the token was issued that proved it, Unix seconds, and which of the app's secrets signed it. */
  readonly tokenIssuedAt: number;
  readonly tokenKid: number;
  /** The socket the call came through; absent over REST. */
  readonly socketId?: string;
}

/** The app's own backend (appId:appSecret, or its developer with X-App-Id). */
export interface AppCaller {
  readonly kind: 'app';
  readonly app: AppRef;
}

/** The owner of apps (accountSid:authToken). */
export interface DeveloperCaller {
  readonly kind: 'developer';
  readonly developerPk: number;
  readonly accountSid: string;
}

/** Whoever runs this deployment. */
export interface OperatorCaller {
  readonly kind: 'operator';
}

export type Caller = UserCaller | AppCaller | DeveloperCaller | OperatorCaller;
export type CallerKind = Caller['kind'];
/** Those who act inside one app. */
export type TenantCaller = UserCaller | AppCaller;
