import { Injectable } from '@nestjs/common';
import { ConversationHistory, Standings, type StoredMessage } from '../../conversations';
import type { SuppressReason } from '../decision';
import { PushDevices, type PushDevice } from '../devices/push-devices';
import { type NoteOrder, NoteWriter, type WrittenNote } from '../note-writer';
import type { PushNote } from '../provider';
import { noteId } from './note-id';
import type { ClaimedTask } from './push-tasks';

/** Nobody wants to be told of a message later than this; replayed, it has as long again. */
export const EXPIRY_MS = 24 * 3600 * 1000;

/** A task with everything that is sent, or why it is not any more. */
export type Prepared = { readonly task: ClaimedTask; readonly device?: PushDevice } & (
  { readonly device: PushDevice; readonly note: PushNote } | { readonly reason: SuppressReason }
);

/** What became of a task since it was opened. */
interface Judged {
  readonly task: ClaimedTask;
  readonly device?: PushDevice;
  readonly message?: StoredMessage;
  readonly reason?: SuppressReason;
}
type Sendable = Judged & Required<Pick<Judged, 'device' | 'message'>>;

/** Messages of a burst that are looked at when the latest was recalled. */
const LOOKED_AT = 5;

/** Reads what claimed tasks need as it is now, each kind of thing once for all of them. */
@Injectable()
export class PreparedPushes {
  constructor(
    private readonly devices: PushDevices,
    private readonly history: ConversationHistory,
    private readonly notes: NoteWriter,
    private readonly standings: Standings,
  ) {}

  async of(tasks: readonly ClaimedTask[]): Promise<Prepared[]> {
    const [devices, messages, standings] = await Promise.all([
      this.devices.byPks(tasks.map(({ devicePk }) => devicePk)),
      this.messages(tasks),
      this.standings.of(tasks.map(({ userPk, conversationPk }) => [userPk, conversationPk])),
    ]);
    const judged = tasks.map((task, index): Judged => {
      const device = devices.get(task.devicePk);
      const message = latest(task, messages);
      const read = (standings[index]?.readSeq ?? 0) >= Math.max(...task.seqs);
      return { task, device, message, reason: reasonOf(task, device, message, read) };
    });
    const notes = (await this.notes.write(judged.filter(isSendable).map(orderOf))).values();
    return judged.map((each): Prepared => {
      const { task, device, reason } = each;
      if (!isSendable(each)) return { task, device, reason: reason ?? 'recalled' };
      return { task, device: each.device, note: noteOf(task, each.message, notes.next().value as WrittenNote) };
    });
  }

  private async messages(tasks: readonly ClaimedTask[]): Promise<Map<string, StoredMessage>> {
    const keys = new Map<string, [conversationPk: number, seq: number]>();
    for (const task of tasks)
      for (const seq of seqsOf(task)) keys.set(`${task.conversationPk}:${seq}`, [task.conversationPk, seq]);
    const messages = await this.history.exactly([...keys.values()]);
    return new Map(messages.map((message) => [`${message.conversation.pk}:${message.seq}`, message]));
  }
}

const isSendable = (judged: Judged): judged is Sendable =>
  judged.reason === undefined && judged.device !== undefined && judged.message !== undefined;

const orderOf = ({ task, device, message }: Sendable): NoteOrder => ({
  message,
  userPk: task.userPk,
  batchPk: task.seqs.length === 1 ? task.batchPk : undefined,
  locale: device.locale,
  count: task.seqs.length,
});

const noteOf = (task: ClaimedTask, message: StoredMessage, words: WrittenNote): PushNote => ({
  // Later messages of the log have other ids, so that a vendor which knows an id takes it for the same push.
  id: noteId(`${task.devicePk}:${task.conversationPk}:${task.upToSeq}`),
  collapseId: message.conversation.idPrefix.slice(0, -1),
  expiresAt: new Date(Math.max(task.openedAt.getTime(), message.sentAt) + EXPIRY_MS),
  title: words.title,
  body: words.body,
  sound: words.sound,
  badge: words.badge,
  data: words.data,
});

/** What it may tell of: the latest that this device was ever told of stands for all before. */
const seqsOf = ({ seqs, upToSeq }: ClaimedTask): readonly number[] =>
  seqs.length === 1 && seqs[0] === upToSeq ? seqs : [...new Set([upToSeq, ...seqs.slice(-LOOKED_AT)])];

function latest(task: ClaimedTask, messages: ReadonlyMap<string, StoredMessage>): StoredMessage | undefined {
  let latest: StoredMessage | undefined;
  for (const seq of seqsOf(task)) {
    const message = messages.get(`${task.conversationPk}:${seq}`);
    if (message?.recalledAt === null && (!latest || latest.seq < seq)) latest = message;
  }
  return latest;
}

function reasonOf(
  { userPk, appPk }: ClaimedTask,
  device: PushDevice | undefined,
  message: StoredMessage | undefined,
  read: boolean,
): SuppressReason | undefined {
  // Its row may be another user's by now: then it is no device of this one.
  if (device?.userPk !== userPk || device.appPk !== appPk) return 'no-device';
  if (!message) return 'recalled';
  return read ? 'read' : undefined;
}
