# A stand-in for the file of this name that comes with Node's headers. The build reads this one on every
# machine, so that the flags are the same everywhere and nothing has to be fetched; the headers
# themselves come from the npm packages node-api-headers and node-addon-api (see binding.gyp).
{
  'target_defaults': {
    'default_configuration': 'Release',
    'configurations': {
      'Release': { 'cflags': ['-O2'] },
      'Debug': { 'cflags': ['-O0', '-g3'] },
    },
    'cflags': ['-fPIC', '-pthread'],
    'ldflags': ['-pthread'],
    'conditions': [['target_arch=="ia32"', { 'cflags': ['-m32'], 'ldflags': ['-m32'] }]],
  },
}
