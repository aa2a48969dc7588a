import { Injectable } from '@nestjs/common';

/** Somebody above who acts when a user has fewer unread than before: push, for a phone's badge. */
export interface ReadListener {
  /** After the commit; never awaited, so it must not throw. */
  unreadFell(appPk: number, userPk: number): void;
}

/** Tells of reads that took something off a user's unread. */
@Injectable()
export class ReadListeners {
  private readonly listeners: ReadListener[] = [];

  register(listener: ReadListener): void {
    this.listeners.push(listener);
  }

  unreadFell(appPk: number, userPk: number): void {
    for (const listener of this.listeners) listener.unreadFell(appPk, userPk);
  }
}
