import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** process.env is read in one place; everything else asks Settings. */
const noEnv = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Read settings through platform/config; it is the only reader of process.env.',
};
/** SQL that MySQL 8 and MariaDB both speak (docs/adr/0004). */
const portableSql = {
  selector:
    'TemplateElement[value.raw=/\\b(RETURNING|LATERAL|MEMBER OF)\\b|->>|utf8mb4_0900|uca1400|VALUES\\s*\\([^)]*\\)\\s+AS\\s+new\\b/]',
  message: 'This SQL runs on only one of MySQL 8 and MariaDB. See docs/adr for the portable forms.',
};
const portableSqlLiteral = {
  ...portableSql,
  selector: portableSql.selector.replace('TemplateElement[value.raw=', 'Literal[value='),
};
/** On the path of every message: V8 gives each such object a hidden class of its own (docs/performance.md). */
const hotSpread = {
  selector: 'ObjectExpression > SpreadElement:first-child ~ *',
  message:
    'Write the fields out: every read of a {...a, b} misses all inline caches, and this runs for every message or push.',
};
const HOT = [
  'src/platform/realtime/{dispatcher,fan-out,frame,gather,live.service,outbound,round}.ts',
  'src/modules/conversations/{delivery,directory,draft,log,log-batch,log-writer,message}.ts',
  'src/modules/messaging/{content,messages.service}.ts',
  'src/modules/accounts/{direct.audience,recipients,sender-admission}.ts',
  'src/modules/push/{badges,facts,note-writer}.ts',
  'src/modules/push/tasks/{prepared-pushes,push-decider,push-ledger}.ts',
];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.data/**', 'coverage/**', 'client/dist/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-syntax': ['error', portableSql, portableSqlLiteral],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/platform/config/**', 'src/**/*.spec.ts'],
    rules: { 'no-restricted-syntax': ['error', noEnv, portableSql, portableSqlLiteral] },
  },
  {
    files: HOT,
    rules: { 'no-restricted-syntax': ['error', noEnv, hotSpread, portableSql, portableSqlLiteral] },
  },
  {
    files: ['test/**/*.ts', '**/*.spec.ts', 'verify/**/*.ts', 'bench/**/*.ts', 'client/test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-require-imports': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        setImmediate: 'readonly',
        performance: 'readonly',
        require: 'readonly',
        module: 'writable',
        __dirname: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        AbortSignal: 'readonly',
        AbortController: 'readonly',
      },
    },
  },
);
