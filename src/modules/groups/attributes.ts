import { AppError } from '../../kernel/errors/app-error';
import { assertPlainJson } from '../../platform/entry/plain-json';

/** The JSON text of free fields as it is stored; undefined stays, null clears. @throws AppError TOO_LARGE */
export function attributesText(value: unknown, field: string, maxBytes: number): string | null | undefined {
  if (value === undefined || value === null) return value;
  assertPlainJson(value, field);
  const text = JSON.stringify(value);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw new AppError('TOO_LARGE', { field, details: { bytes, maxBytes } });
  return text;
}
