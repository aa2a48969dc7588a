/** Repeats a check until it passes; after ten seconds it fails as it failed last. */
export async function eventually(check: () => void, withinMs = 10_000): Promise<void> {
  const until = Date.now() + withinMs;
  for (;;) {
    try {
      return check();
    } catch (failure) {
      if (Date.now() > until) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
