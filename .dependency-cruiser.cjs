/** The house's walls (ARCHITECTURE.md draws them). Each rule is an error: a build that breaks one does not pass. */
const peers = 'groups|chatrooms|messaging|push';
const rules = [
  { name: 'no-circles', from: {}, to: { circular: true } },
  { name: 'kernel-imports-nothing', from: { path: '^src/kernel/' }, to: { path: '^src/(platform|modules)/' } },
  { name: 'platform-knows-no-business', from: { path: '^src/platform/' }, to: { path: '^src/modules/' } },
  {
    name: 'peers-stay-apart',
    from: { path: `^src/modules/(${peers})/` },
    to: { path: `^src/modules/(${peers})/`, pathNot: '^src/modules/$1/' },
  },
  { name: 'accounts-never-climb', from: { path: '^src/modules/accounts/' }, to: { path: `^src/modules/(${peers})/` } },
  {
    name: 'ground-floor',
    from: { path: '^src/modules/(tenancy|conversations)/' },
    to: { path: '^src/modules/', pathNot: '^src/modules/$1/' },
  },
  {
    name: 'by-the-front-door',
    from: { path: '^src/modules/([^/]+)/' },
    to: { path: '^src/modules/[^/]+/(?!index\\.ts$)', pathNot: '^src/modules/$1/' },
  },
  {
    name: 'entries-stay-thin',
    from: { path: '\\.(controller|gateway)\\.ts$' },
    to: { path: '\\.(repository|entity)\\.ts$|node_modules/(typeorm|bullmq|mysql2)' },
  },
];

module.exports = {
  forbidden: rules.map((rule) => ({ severity: 'error', ...rule })),
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
