/** `/v1/users/:userId`, as the router knows it. */
interface KnownPath {
  matches: RegExp;
  methods: Set<string>;
}

/** Which methods a path takes, for whoever comes with another one. Asked only when no route was found. */
export class KnownPaths {
  private readonly byPattern = new Map<string, KnownPath>();

  /** Paths with a wildcard are left out: what is behind one decides for itself what exists. */
  add(method: string | string[], pattern: string): void {
    if (pattern.includes('*')) return;
    let known = this.byPattern.get(pattern);
    if (!known) this.byPattern.set(pattern, (known = { matches: matcherOf(pattern), methods: new Set() }));
    for (const one of [method].flat()) known.methods.add(one);
  }

  /** @param url with its query @returns none for a path that nobody knows */
  methodsOf(url: string): string[] {
    const [path] = url.split('?', 1);
    const methods = new Set<string>();
    for (const known of this.byPattern.values()) {
      if (known.matches.test(path)) for (const method of known.methods) methods.add(method);
    }
    return [...methods].sort();
  }
}

const matcherOf = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      .join('/')}$`,
  );
