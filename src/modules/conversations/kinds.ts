import type { ConversationKind } from '../../kernel/contracts/conversation';

/** How the kinds are stored. Never renumber. */
export const KIND_CODES = { user: 1, group: 2, chatroom: 3, system: 4 } as const satisfies Record<
  ConversationKind,
  number
>;

const BY_CODE = new Map<number, ConversationKind>(
  Object.entries(KIND_CODES).map(([kind, code]) => [code, kind as ConversationKind]),
);

export function kindOf(code: number): ConversationKind {
  const kind = BY_CODE.get(code);
  if (!kind) throw new Error(`conversation kind ${code} is not known to this version`);
  return kind;
}
