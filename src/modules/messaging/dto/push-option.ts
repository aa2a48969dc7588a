import { ValidateBy } from 'class-validator';
import type { PushOption } from '../../../kernel/contracts/message';

/** Apple takes 4 KB in all, and the message's own address needs its part of it. */
const JSON_BYTES_MAX = 2048;
const FIELDS = new Set(['title', 'body', 'data', 'off']);

/** False, or the words of a push: `{ title?, body?, data?, off? }`. JSON Schema would need a union to say so. */
export const IsPushOption = (): PropertyDecorator =>
  ValidateBy({
    name: 'isPushOption',
    validator: {
      validate: isPushOption,
      defaultMessage: () =>
        `$property must be false or { title?, body?, data?: strings by name, off? }, of ${JSON_BYTES_MAX} bytes at most`,
    },
  });

export function isPushOption(value: unknown): value is PushOption {
  if (value === false) return true;
  if (!isRecord(value) || Object.keys(value).some((key) => !FIELDS.has(key))) return false;
  const { title, body, data, off } = value;
  return (
    isWords(title) &&
    isWords(body) &&
    (off === undefined || typeof off === 'boolean') &&
    (data === undefined || (isRecord(data) && Object.values(data).every((each) => typeof each === 'string'))) &&
    Buffer.byteLength(JSON.stringify(value)) <= JSON_BYTES_MAX
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isWords = (value: unknown): boolean => value === undefined || (typeof value === 'string' && value.trim() !== '');
