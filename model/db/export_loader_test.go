package db

// Waiting returns how many look-ups wait for a lane, for tests that need to know that they do.
func Waiting[K comparable, V any](l *Loader[K, V]) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}
