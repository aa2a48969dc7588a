import type { HttpSettings } from '../../config/settings';

export const EXPOSED_HEADERS = ['x-trace-id', 'retry-after', 'allow'];

/** For answers that are given before any hook has run: what lets a page of an allowed origin read them. */
export function corsHeaders(
  { corsOrigins }: Pick<HttpSettings, 'corsOrigins'>,
  origin: string | undefined,
): Record<string, string> {
  if (corsOrigins.length === 0 || origin === undefined) return {};
  const any = corsOrigins.includes('*');
  if (!any && !corsOrigins.includes(origin)) return { vary: 'Origin' };
  return {
    'access-control-allow-origin': any ? '*' : origin,
    'access-control-expose-headers': EXPOSED_HEADERS.join(', '),
    ...(!any && { vary: 'Origin' }),
  };
}
