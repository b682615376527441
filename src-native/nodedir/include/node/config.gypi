{ "target_defaults": {}, "variables": {} }
