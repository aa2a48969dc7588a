/** What a send command may name. */
export type AddressKind = 'user' | 'group' | 'chatroom';

/** Whom a message is for, as its sender says it. */
export interface Address {
  kind: AddressKind;
  id: string;
}
