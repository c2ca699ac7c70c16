package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// lockFolder takes a data folder for one running program: two of them would push the same clock, send every message of the one outbox
// over two simulated WeChats, and each believe its own customers. The system gives the lock back when the program ends, however it ends.
// `audit`, `report` and `import` may look in while it runs; the database keeps them apart.
func lockFolder(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	l := flock.New(filepath.Join(dir, "running.lock"), flock.SetPermissions(0o600))
	switch ok, err := l.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("lock the data folder %s: %w", dir, err)
	case !ok:
		return nil, fmt.Errorf("%s 正被另一个 huitou 使用:先停掉它,或用 --data 换一个文件夹 (another huitou is running on this folder; stop it or name another with --data)", dir)
	}
	return l.Unlock, nil
}
