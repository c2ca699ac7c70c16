package whole

import (
	"errors"
	"testing"

	"huitou/cmd/internal/app"
	"huitou/model/db"
)

// One shopper's whole round, as three kinds of user see it, with every answer held against the OpenAPI document.
func TestTour(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	seen := s.tap(t)
	s.tour(t, seen.url)
	s.settled(t)
	s.audit(t)

	doc := s.document(t)
	operations := map[string]bool{}
	for _, x := range seen.exchanges() {
		op, err := doc.fits(x)
		switch {
		case errors.Is(err, errNoOperation):
			if x.target.Path != "/readyz" {
				t.Errorf("%s %s is not in the OpenAPI document", x.method, x.target.Path)
			}
		case err != nil:
			t.Errorf("%s %s answered %d: %v\n%s", x.method, x.target, x.status, err, clip(x.answer))
		}
		operations[op] = true
	}
	// A body that does not fit is noticed.
	for _, x := range seen.exchanges() {
		if x.target.Path == "/api/v1/me/points" {
			x.answer = []byte(`{"active":"5"}`)
			if _, err := doc.fits(x); err == nil {
				t.Error("an answer that does not fit passed")
			}
		}
	}
	if len(operations) < 20 {
		t.Errorf("the tour met %d operations only: %v", len(operations), operations)
	}
}

// The same round on MariaDB and Redis with requests and jobs in two instances, as `huitou serve --role` runs them.
func TestTourOnTwoInstances(t *testing.T) {
	t.Parallel()
	hints := sharedRedis(t)
	s := startAs(t, db.MySQL, app.RoleAPI, hints)
	worker := s.open(t, hints(t, s.clock))
	stop := run(t, worker, app.RoleWorker, app.Listeners{})
	s.tour(t, s.url)
	s.settled(t)
	stop()
	s.audit(t)
}
