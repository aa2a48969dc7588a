/** How TypeScript becomes JavaScript where it is not built: in tests and tools, as the build does and without looking at types. */
exports.TYPESCRIPT = {
  swcrc: false,
  jsc: {
    target: 'es2022',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  },
  module: { type: 'commonjs' },
};
