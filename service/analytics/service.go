package analytics

import "huitou/model/db"

// Deps is what the service needs.
type Deps struct {
	DB *db.DB
}

// Service computes figures from what other services stored.
type Service struct {
	db *db.DB
}

// New returns a service.
func New(d Deps) *Service { return &Service{db: d.DB} }
