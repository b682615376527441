# Builds the addon in an installed package (`npm run build:source`). A clone uses the binding.gyp in its top directory.
{ 'includes': ['linux_mount.gypi'] }
