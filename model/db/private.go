package db

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// private makes the file of a database before SQLite would, and takes from others the right to read one that is there: it holds what members
// bought. The files beside it are mended too where they are there.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	for _, beside := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + beside)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			err = os.Chmod(path+beside, 0o600)
		}
		if err != nil {
			return fmt.Errorf("keep %s from others: %w", path+beside, err)
		}
	}
	return nil
}
