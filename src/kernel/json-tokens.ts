/** Strings, brackets, commas and colons of valid JSON: what its structure consists of. */
export const STRUCTURAL_TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g;
/** The same with numbers, `true`, `false` and `null`: everything but white space. */
export const ALL_TOKENS = new RegExp(`${STRUCTURAL_TOKENS.source}|[^\\s{}[\\],:"]+`, 'g');
