package whole

import "testing"

func (s *shop) checkSecrets(t *testing.T) {}
