// Which folders of lib/ each folder may import: only those below it. `npm run lint` checks these rules.
const FOLDERS_BELOW = {
  mounts: ['umount', 'overlay', 'reasons', 'table', 'operation', 'arguments', 'kernel'],
  umount: ['overlay', 'reasons', 'table', 'operation', 'arguments', 'kernel'],
  overlay: ['table', 'operation', 'arguments', 'kernel'],
  layers: ['table', 'operation', 'arguments', 'kernel'],
  reasons: ['table', 'arguments', 'kernel'],
  table: ['operation', 'arguments', 'kernel'],
  operation: ['arguments', 'kernel'],
  arguments: ['kernel'],
  kernel: [],
};

const downwards = Object.entries(FOLDERS_BELOW).map(([folder, below]) => ({
  name: `imports-of-${folder}`,
  severity: 'error',
  from: { path: `^lib/${folder}/` },
  to: { path: '^lib/', pathNot: `^lib/(?:${[folder, ...below].join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...downwards,
    {
      name: 'no-folder-without-a-rule',
      severity: 'error',
      from: { path: '^lib/(?!(?:index|set-addon)\\.ts)', pathNot: `^lib/(?:${Object.keys(FOLDERS_BELOW).join('|')})/` },
      to: {},
    },
    { name: 'no-layers-in-index', severity: 'error', from: { path: '^lib/index\\.ts$' }, to: { path: '^lib/layers/' } },
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-run-time-dependency',
      severity: 'error',
      from: { path: '^lib/' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'npm-optional'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true, // check imports of types too
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
