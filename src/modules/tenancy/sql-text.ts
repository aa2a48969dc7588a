import { ID_PATTERN } from '../../kernel/ids';

/** Ids' columns are ASCII: comparing one with other text is an error of the database, not a mismatch. Ask this first. */
export const isId = (text: string): boolean => ID_PATTERN.test(text);
