import { ValidateBy, type ValidationOptions } from 'class-validator';

/**
 * What is wrong with the URL of a store, in a sentence that says how to write it; undefined when nothing is. Never quotes
 * the URL, which holds a password.
 */
export function urlProblem(value: unknown, protocols: readonly string[], example: string): string | undefined {
  const text = typeof value === 'string' ? value : '';
  if (!protocols.some((protocol) => text.startsWith(`${protocol}//`))) return `must look like ${example}`;
  if (!URL.canParse(text)) {
    return `is not a URL; characters such as / ? # @ : in the user or password are written as %2F %3F %23 %40 %3A (${example})`;
  }
  const { hostname, username, password, pathname } = new URL(text);
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part);
  } catch {
    return `has a % that begins no escape: write % as %25 in the user, password or database (${example})`;
  }
  if (hostname === '') return `names no host: it must look like ${example}`;
  const database = example.endsWith('/database');
  return database && pathname.length < 2 ? `names no database: it must look like ${example}` : undefined;
}

/** A setting that is the URL of a store. */
export const StoreUrl = (protocols: readonly string[], example: string, options?: ValidationOptions) =>
  ValidateBy(
    {
      name: 'storeUrl',
      validator: {
        validate: (value) => urlProblem(value, protocols, example) === undefined,
        defaultMessage: (args) => `$property ${urlProblem(args?.value, protocols, example)}`,
      },
    },
    options,
  );
