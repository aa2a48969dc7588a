import { createCipheriv } from 'node:crypto';
import { Injectable } from '@nestjs/common';
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
}
