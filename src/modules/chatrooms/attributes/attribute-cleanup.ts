import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Bus } from '../../../platform/realtime/bus';
import { Sql } from '../../../platform/database/sql';
import { Apps } from '../../tenancy';
import { ConversationDirectory } from '../../conversations';
import { AttributesRepository } from './attributes.repository';
import { AttributesService } from './attributes.service';
import { RosterSync } from '../live/roster-sync';

/** Many leave at once: a room is looked at once for all of them. */
const GATHER_MS = 200;
/** Time for everybody to come back, where a room is new to this node or others went with theirs. */
const RETURN_MS = 10_000;

/** Takes attributes away with the owners who leave, by the node that they leave from. */
@Injectable()
export class AttributeCleanup implements OnModuleInit {
  private readonly logger = new Logger(AttributeCleanup.name);
  /** Rooms to be looked at, and when. */
  private readonly waiting = new Map<number, { due: number; timer: NodeJS.Timeout }>();

  constructor(
    private readonly rosterSync: RosterSync,
    private readonly bus: Bus,
    private readonly sql: Sql,
    private readonly attributes: AttributesRepository,
    private readonly service: AttributesService,
    private readonly conversations: ConversationDirectory,
    private readonly apps: Apps,
  ) {}

  onModuleInit(): void {
    const { rosters } = this.rosterSync;
    rosters.onChange(({ node, room, joined, left }) => {
      if (left.length > 0 && (node === this.bus.nodeId || !this.bus.peers.includes(node))) this.soon(room, GATHER_MS);
      // The first to come may find what was left behind by those who went when nobody could see it.
      if (joined.length > 0 && rosters.count(room) === joined.length) this.soon(room, RETURN_MS);
    });
  }

  private soon(room: number, ms: number): void {
    const due = performance.now() + ms;
    const waiting = this.waiting.get(room);
    if (waiting && waiting.due <= due) return;
    clearTimeout(waiting?.timer);
    const timer = setTimeout(() => {
      this.waiting.delete(room);
      this.look(room).catch((error: unknown) =>
        this.logger.debug(`deleting attributes of a room failed, will retry: ${String(error)}`),
      );
    }, ms).unref();
    this.waiting.set(room, { due, timer });
  }

  private async look(room: number): Promise<void> {
    const conversation = (await this.conversations.byPks([room])).get(room);
    if (!conversation || !this.sure) return;
    const fleeting = await this.attributes.autoDeleted(this.sql, conversation.lowPk);
    if (fleeting.every(({ ownerPk }) => this.rosterSync.rosters.has(room, ownerPk))) return;
    const app = await this.apps.byPk(conversation.appPk);
    const chatroomId = conversation.conversationId.slice('chatroom:'.length);
    if (app) await this.service.sweep({ kind: 'app', app }, chatroomId);
  }

  /** Who is in elsewhere cannot be known while the nodes do not hear each other. */
  private get sure(): boolean {
    return this.bus.healthy || this.rosterSync.rosters.nodes().every((node) => node === this.bus.nodeId);
  }
}
