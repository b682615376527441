{
  'target_defaults': {
    'cflags': ['-Wall', '-Wextra', '-Werror'],
    'cflags_cc': ['-std=c++20', '-fno-exceptions'],
  },
  'targets': [
    {
      'target_name': 'baseline',
      'sources': ['baseline.cc', 'loops.cc', 'at_once.cc'],
      'include_dirs': [
        "<!(node -p \"require('node-addon-api').include_dir\")",
        "<!(node -p \"require('node-api-headers').include_dir\")",
      ],
      'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS'],
    },
    {
      'target_name': 'loops',
      'type': 'executable',
      'sources': ['program.cc', 'loops.cc'],
    },
    {
      'target_name': 'changes',
      'sources': ['changes.cc'],
      'include_dirs': [
        "<!(node -p \"require('node-addon-api').include_dir\")",
        "<!(node -p \"require('node-api-headers').include_dir\")",
      ],
      'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS'],
      'cflags': ['-Wall', '-Wextra', '-Werror'],
      'cflags_cc': ['-std=c++20', '-fno-exceptions'],
    },
  ],
}
