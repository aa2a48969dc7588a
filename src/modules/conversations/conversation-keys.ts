/** What of a conversation's row its reference is made from. */
export interface ConversationKeys {
  id: number;
  appPk: number;
  kind: number;
  lowPk: number;
  highPk: number;
  lowFrom: number;
  highFrom: number;
}

export const CONVERSATION_KEYS = 'id, appPk, kind, lowPk, highPk, lowFrom, highFrom';
