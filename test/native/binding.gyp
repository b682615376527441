{
  'targets': [
    {
      'target_name': 'deny',
      'type': 'executable',
      'sources': ['deny.c'],
      'cflags': ['-Wall', '-Wextra', '-Werror', '-std=c11'],
    },
  ],
}
