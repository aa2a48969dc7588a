import { createHmac, timingSafeEqual } from 'node:crypto';

const MAC_LENGTH = 22;

/** Whoever else can write to this Redis cannot speak for a node: what is said on a channel carries proof of the key. */
export class BusSeal {
  constructor(private readonly key: Buffer) {}

  seal(channel: string, text: string): string {
    return this.mac(channel, text) + text;
  }

  /** The text; undefined when no node said it on this channel. */
  open(channel: string, message: string): string | undefined {
    const text = message.slice(MAC_LENGTH);
    const mac = Buffer.from(message.slice(0, MAC_LENGTH));
    const expected = Buffer.from(this.mac(channel, text));
    return mac.length === MAC_LENGTH && timingSafeEqual(mac, expected) ? text : undefined;
  }

  private mac(channel: string, text: string): string {
    return createHmac('sha256', this.key).update(channel).update(text).digest('base64').slice(0, MAC_LENGTH);
  }
}
