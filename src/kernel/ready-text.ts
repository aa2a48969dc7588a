/**
 * A value that brings its JSON text, so that a door need not write it again: a stored message is encoded once, for its
 * hearers and for its sender's answer. Whoever makes one vouches that the text says what the value says, and that neither
 * changes; a copy of it has no text.
 */
export abstract class WithText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  static textOf(value: object): string | undefined {
    return #text in value ? value.#text : undefined;
  }
}

/** The JSON text of an answer: the one it brings, else written now. */
export const textOf = (value: unknown): string =>
  (typeof value === 'object' && value !== null ? WithText.textOf(value) : undefined) ?? JSON.stringify(value);
