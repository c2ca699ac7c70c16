package db

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// private makes the file of a database before SQLite would, and takes from others the right to read one that is there: it holds what members
// bought. So it does with the index of the log, whose rights no setting reaches; the log itself (-wal) gets those of the database.
func private(path string) error {
	for _, name := range []string{path, path + "-shm"} {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue // and it is not opened: closing it could give up locks on it
		}
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			return fmt.Errorf("make %s: %w", name, err)
		}
	}
	for _, name := range []string{path, path + "-shm", path + "-wal"} {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			err = os.Chmod(name, 0o600)
		}
		if err != nil {
			return fmt.Errorf("keep %s from others: %w", name, err)
		}
	}
	return nil
}
