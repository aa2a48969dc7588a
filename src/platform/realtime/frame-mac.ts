import { createHmac, timingSafeEqual } from 'node:crypto';

const MAC_LENGTH = 22;

/** Authenticates what nodes publish: whoever else can write to this Redis cannot pass for a node. The text stays readable. */
export class FrameMac {
  constructor(private readonly key: Buffer) {}

  /** The text with its MAC in front, good for this channel alone. */
  sign(channel: string, text: string): string {
    return this.mac(channel, text) + text;
  }

  /** The text; undefined when no node published it on this channel. */
  verify(channel: string, message: string): string | undefined {
    const text = message.slice(MAC_LENGTH);
    const mac = Buffer.from(message.slice(0, MAC_LENGTH));
    const expected = Buffer.from(this.mac(channel, text));
    return mac.length === MAC_LENGTH && timingSafeEqual(mac, expected) ? text : undefined;
  }

  private mac(channel: string, text: string): string {
    return createHmac('sha256', this.key).update(channel).update(text).digest('base64').slice(0, MAC_LENGTH);
  }
}
