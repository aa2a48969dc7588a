import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Bus } from '../../../platform/realtime/bus';
import { Sql } from '../../../platform/database/sql';
import { Apps } from '../../tenancy';
import { ConversationDirectory } from '../../conversations';
import { AttributesRepository } from './attributes.repository';
import { AttributesService } from './attributes.service';
import { RosterSync } from '../live/roster-sync';

/** Members who leave at about the same time are handled together. */
const DEBOUNCE_MS = 200;
/** After the first member of a room has joined, the others get this long to come back before attributes are removed. */
const REJOIN_GRACE_MS = 10_000;

/** Removes `autoDelete` attributes when their owners leave; the node that they leave from does it. */
@Injectable()
export class AttributeCleanup implements OnModuleInit {
  private readonly logger = new Logger(AttributeCleanup.name);
  /** Rooms to be checked, and when. */
  private readonly scheduled = new Map<number, { due: number; timer: NodeJS.Timeout }>();

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
      if (left.length > 0 && (node === this.bus.nodeId || !this.bus.peers.includes(node)))
        this.schedule(room, DEBOUNCE_MS);
      // Members may have left while no node was there to notice, with a crashed node for example.
      if (joined.length > 0 && rosters.count(room) === joined.length) this.schedule(room, REJOIN_GRACE_MS);
    });
  }

  private schedule(room: number, ms: number): void {
    const due = performance.now() + ms;
    const scheduled = this.scheduled.get(room);
    if (scheduled && scheduled.due <= due) return;
    clearTimeout(scheduled?.timer);
    const timer = setTimeout(() => {
      this.scheduled.delete(room);
      this.cleanUp(room).catch((error: unknown) =>
        this.logger.debug(
          `Attributes of members who left room ${room} were not removed; the next departure tries again: ${String(error)}`,
        ),
      );
    }, ms).unref();
    this.scheduled.set(room, { due, timer });
  }

  private async cleanUp(room: number): Promise<void> {
    const conversation = (await this.conversations.byPks([room])).get(room);
    if (!conversation || !this.knowsAllMembers) return;
    const autoDeleted = await this.attributes.autoDeleted(this.sql, conversation.lowPk);
    if (autoDeleted.every(({ ownerPk }) => this.rosterSync.rosters.has(room, ownerPk))) return;
    const app = await this.apps.byPk(conversation.appPk);
    const chatroomId = conversation.conversationId.slice('chatroom:'.length);
    if (app) await this.service.removeOrphaned({ kind: 'app', app }, chatroomId);
  }

  /** False while nodes are cut off from each other, so that members on other nodes are not known. */
  private get knowsAllMembers(): boolean {
    return this.bus.healthy || this.rosterSync.rosters.nodes().every((node) => node === this.bus.nodeId);
  }
}
