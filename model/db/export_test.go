package db

import "io/fs"

// Migrations shows the embedded files to tests.
func Migrations() fs.FS { return migrations }

// Supported shows the version check to tests.
var Supported = supported
