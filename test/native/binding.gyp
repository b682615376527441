{
  'targets': [
    {
      'target_name': 'calls',
      'type': 'executable',
      'sources': ['calls.c'],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-std=c11'],
    },
    {
      'target_name': 'deny',
      'type': 'executable',
      'sources': ['deny.c'],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-std=c11'],
    },
    {
      'target_name': 'exchange',
      'type': 'executable',
      'sources': ['exchange.c'],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-std=c11'],
    },
    {
      'target_name': 'files',
      'sources': ['files.c'],
      'include_dirs': ["<!(node -p \"require('node-api-headers').include_dir\")"],
      'defines': ['NAPI_VERSION=8'],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-std=gnu11'],
    },
    {
      'target_name': 'inject',
      'type': 'executable',
      'sources': ['inject.c'],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-std=c11'],
    },
    {
      'target_name': 'flawed',
      'sources': ['flawed.c'],
      'include_dirs': ["<!(node -p \"require('node-api-headers').include_dir\")"],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-std=c11'],
    },
    {
      'target_name': 'leaking',
      'sources': ['leaking.c'],
      'include_dirs': ["<!(node -p \"require('node-api-headers').include_dir\")"],
      'defines': ['NAPI_VERSION=8'],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-std=gnu11'],
    },
  ],
}
