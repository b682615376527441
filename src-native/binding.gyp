# What `npm run build:source` builds in an installed package; a clone has the binding.gyp at its top.
{ 'includes': ['linux_mount.gypi'] }
