const texts = new WeakMap<object, string>();

/**
 * Notes the JSON text of a value that was written already, so that a door need not write it again: a stored message is
 * encoded once, for its hearers and for its sender's answer. Whoever notes it vouches that the text says what the value
 * says, and that neither changes.
 */
export function withText<T extends object>(value: T, json: string): T {
  texts.set(value, json);
  return value;
}

/** The JSON text of an answer: the noted one, else written now. */
export const textOf = (value: unknown): string => notedText(value) ?? JSON.stringify(value);

export const notedText = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null ? texts.get(value) : undefined;
