import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { SEQ_MAX } from '../../kernel/contracts/message';
import { Settings } from '../../platform/config/settings';
import { deriveKey, masterKey } from '../../platform/secrets/keys';

/**
 * Public message ids: opaque, unique in the deployment, and free of a stored column and an index. The conversation's
 * key is encrypted (one AES block, once per cached conversation), so an id tells a stranger nothing.
 */
@Injectable()
export class MessageIds {
  private readonly key: Buffer;

  constructor(settings: Settings) {
    this.key = deriveKey(masterKey(settings), 'message-ids', 16);
  }

  /** The part of its messages' ids that a conversation shares. */
  prefix(conversationPk: number): string {
    const block = Buffer.alloc(16);
    block.writeBigUInt64BE(BigInt(conversationPk));
    const cipher = createCipheriv('aes-128-ecb', this.key, null).setAutoPadding(false);
    return `${Buffer.concat([cipher.update(block), cipher.final()]).toString('base64url')}-`;
  }

  /** Where the message of this id would be; undefined for what is no id of ours. Says nothing about who may see it. */
  read(id: string): { conversationPk: number; seq: number } | undefined {
    const [, text, seqText] = /^([A-Za-z0-9_-]{22})-([0-9a-z]{1,7})$/.exec(id) ?? [];
    if (text === undefined || seqText === undefined) return undefined;
    const decipher = createDecipheriv('aes-128-ecb', this.key, null).setAutoPadding(false);
    const block = Buffer.concat([decipher.update(Buffer.from(text, 'base64url')), decipher.final()]);
    // The second half is empty in every id that this deployment gave.
    if (block.readBigUInt64BE(8) !== 0n) return undefined;
    const conversationPk = Number(block.readBigUInt64BE());
    const seq = parseInt(seqText, 36);
    return seq > 0 && seq <= SEQ_MAX ? { conversationPk, seq } : undefined;
  }
}
