import type { HttpSettings } from '../../config/settings';

const ALWAYS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-site',
  'cache-control': 'no-store',
};

/** What every answer carries. */
export const securityHeaders = ({ publicUrl }: Pick<HttpSettings, 'publicUrl'>): Record<string, string> => ({
  ...ALWAYS,
  ...(publicUrl?.startsWith('https:') && { 'strict-transport-security': 'max-age=31536000' }),
});
