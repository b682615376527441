# Replaces the common.gypi that comes with the headers of Node.js, so that the compiler flags are the same on every
# machine and the build downloads nothing. The headers come from the npm packages node-api-headers and node-addon-api.
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
