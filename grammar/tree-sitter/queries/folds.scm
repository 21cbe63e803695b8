[(members) (links) (body) (options) (list) (map) (arguments) (long_string) (long_raw)] @fold
