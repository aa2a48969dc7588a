import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../kernel/caller';
import type { Address } from '../../kernel/contracts/address';
import { directConversationId } from '../../kernel/contracts/conversation';
import { AppError, invalid } from '../../kernel/errors/app-error';
import { Users } from '../accounts';
import {
  type Appended,
  type Audience,
  Audiences,
  ConversationLog,
  Delivery,
  type ConversationRef,
  type Recipients,
  Repeats,
  type Sender,
} from '../conversations';
import { type Content, extOf, MessageContent, type ReadCommand } from './content';
import { Ephemeral } from './ephemeral';
import type { Sent } from './sent';

/** What is known of a send once its sender and conversation are. */
interface Opened {
  audience: Audience;
  sender: Sender | null;
  conversation: ConversationRef;
  /** Of a directed message. */
  recipients?: Recipients;
}

/** The one way a message is sent, through both doors and to every kind of conversation. */
@Injectable()
export class MessagesService {
  /** A socket's send whose conversation is being looked up: what the same socket sends next waits behind it. */
  private readonly openings = new Map<string, Promise<unknown>>();

  constructor(
    private readonly audiences: Audiences,
    private readonly log: ConversationLog,
    private readonly users: Users,
    private readonly content: MessageContent,
    private readonly delivery: Delivery,
    private readonly ephemeral: Ephemeral,
    private readonly repeats: Repeats,
  ) {}

  /**
   * Stores and delivers a message. Resolves after the database committed it; a repeat of the same clientMessageId gets
   * the stored message with `duplicate: true`. Sends of one socket are stored in the order in which they came.
   *
   * @throws AppError whatever the content, the audience or the log refuses; RETRY and BUSY may be repeated as they are
   */
  send(caller: TenantCaller, command: ReadCommand): Promise<Sent> {
    try {
      this.assertScope(command);
      const content = this.content.check(command, caller);
      const opened = this.openInTurn(caller, command);
      return 'then' in opened
        ? opened.then(
            (known) => this.accept(caller, command, content, known),
            (error: unknown) => this.refuse(caller, command, error),
          )
        : this.accept(caller, command, content, opened);
    } catch (error) {
      return this.refuse(caller, command, error);
    }
  }

  /** What was stored is told before any refusal; what comes to the log is looked up there, under the lock. */
  private async refuse(caller: TenantCaller, command: ReadCommand, error: unknown): Promise<Sent> {
    if (!(error instanceof AppError && error.definite) || command.options?.onlineOnly) throw error;
    const { from = null } = caller.kind === 'user' ? { from: caller.userId } : command;
    const stored = await this.repeats.of({
      app: caller.app,
      senderPks: await this.senderPks(caller, from),
      from,
      conversationId: conversationIdOf(command.to, from),
      clientMessageId: command.clientMessageId,
      type: command.type,
      body: command.body.text,
      ext: extOf(command),
      recipients: command.options?.recipients,
    });
    if (!stored) throw error;
    return stored;
  }

  private async senderPks(caller: TenantCaller, from: string | null): Promise<readonly number[]> {
    if (caller.kind === 'user') return [caller.userPk];
    return from === null ? [0] : this.audiences.names.everyPkOf(caller.app.pk, from);
  }

  private assertScope({ to, options }: ReadCommand): void {
    if (to.kind === 'group') return;
    for (const field of ['recipients', 'mentions'] as const) {
      if (options?.[field])
        throw invalid(`options.${field}`, 'Only a message to a group can name some of its members.');
    }
  }

  /** Without a promise when everything is in memory, which is the rule; else in the order of the socket's frames. */
  private openInTurn(caller: TenantCaller, command: ReadCommand): Opened | Promise<Opened> {
    const socketId = caller.kind === 'user' ? caller.socketId : undefined;
    const ahead = socketId && this.openings.get(socketId);
    const opened = ahead ? ahead.then(() => this.open(caller, command)) : this.open(caller, command);
    if (socketId && 'then' in opened) {
      const settled = opened.then(
        () => undefined,
        () => undefined,
      );
      this.openings.set(socketId, settled);
      void settled.then(() => {
        if (this.openings.get(socketId) === settled) this.openings.delete(socketId);
      });
    }
    return opened;
  }

  private open(caller: TenantCaller, command: ReadCommand): Opened | Promise<Opened> {
    const opened = this.openConversation(caller, command);
    const userIds = command.options?.recipients;
    return userIds ? this.directed(caller, userIds, opened) : opened;
  }

  private async directed(
    caller: TenantCaller,
    userIds: readonly string[],
    opened: Opened | Promise<Opened>,
  ): Promise<Opened> {
    const { audience, sender, conversation } = await opened;
    return { audience, sender, conversation, recipients: await this.recipients(caller, userIds) };
  }

  private openConversation(caller: TenantCaller, command: ReadCommand): Opened | Promise<Opened> {
    if (caller.kind === 'app') return this.openForApp(caller, command);
    if (command.from !== undefined)
      throw new AppError('FORBIDDEN', { field: 'from', message: 'Only the app server may name a sender.' });
    const sender = {
      userPk: caller.userPk,
      userId: caller.userId,
      session: { pk: caller.sessionPk, authVersion: caller.authVersion, tokenIssuedAt: caller.tokenIssuedAt },
    };
    const audience = this.audienceFor(command, sender);
    const conversation = audience.open(caller.app, sender, command.to.id);
    return 'then' in conversation
      ? conversation.then((known) => ({ audience, sender, conversation: known }))
      : { audience, sender, conversation };
  }

  private async openForApp(caller: TenantCaller, command: ReadCommand): Promise<Opened> {
    const sender = command.from === undefined ? null : await this.named(caller, command.from);
    const audience = this.audienceFor(command, sender);
    return { audience, sender, conversation: await audience.open(caller.app, sender, command.to.id) };
  }

  private async named(caller: TenantCaller, from: string): Promise<Sender> {
    const user = await this.users.resolve(caller.app, from);
    if (!user) throw new AppError('USER_NOT_FOUND', { field: 'from' });
    const { userPk, userId } = user;
    // The app's server is the same as before, so it may be repeating what it sent in the name of a predecessor of this user.
    const everyPk = user.recreated ? await this.audiences.names.everyPkOf(caller.app.pk, userId) : [];
    const formerPks = user.recreated ? everyPk.filter((pk) => pk !== userPk) : undefined;
    return { userPk, userId, formerPks };
  }

  private async recipients(caller: TenantCaller, userIds: readonly string[]): Promise<Recipients> {
    const users = await Promise.all(userIds.map((userId) => this.users.resolve(caller.app, userId)));
    return new Map(
      users.map((user, index) => {
        if (!user) throw new AppError('USER_NOT_FOUND', { field: `options.recipients[${index}]` });
        return [user.userPk, user.userId];
      }),
    );
  }

  private audienceFor({ to }: ReadCommand, sender: Sender | null): Audience {
    const audience = this.audiences.of(to.kind === 'user' && !sender ? 'system' : to.kind);
    if (audience) return audience;
    throw new AppError(to.kind === 'group' ? 'GROUP_NOT_FOUND' : 'CHATROOM_NOT_FOUND', { field: 'to.id' });
  }

  private async accept(
    caller: TenantCaller,
    command: ReadCommand,
    content: Content,
    { audience, sender, conversation, recipients }: Opened,
  ): Promise<Sent> {
    const socketId = caller.kind === 'user' ? caller.socketId : undefined;
    const draft = {
      app: caller.app,
      conversation,
      sender,
      clientMessageId: command.clientMessageId,
      type: command.type,
      body: content.body,
      ext: content.ext,
      counts: content.counts,
      recipients,
      mentions: command.options?.mentions,
      push: command.options?.push,
    };
    audience.limit?.(conversation, sender, command.options?.priority ?? 'normal');
    if (command.options?.onlineOnly) return this.ephemeral.send(audience, draft, socketId);

    const appended: Appended = await this.log.append(draft); // resolves after COMMIT
    if (!appended.duplicate) this.delivery.deliver(appended, socketId); // a courtesy: never awaited
    return appended;
  }
}

/** The conversation that is meant, whether or not it can be opened (any more). */
function conversationIdOf({ kind, id }: Address, from: string | null): string {
  if (kind !== 'user') return `${kind}:${id}`;
  return from === null ? `system:${id}` : directConversationId(from, id);
}
