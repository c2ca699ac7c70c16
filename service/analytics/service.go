package analytics

import (
	"huitou/model"
	"huitou/model/db"
)

// Deps is what the service needs.
type Deps struct {
	DB *db.DB
	// PointsCost is what a hundred points cost the shop.
	PointsCost model.Fen
}

// Service computes figures from what other services stored.
type Service struct {
	db         *db.DB
	pointsCost model.Fen
}

// New returns a service.
func New(d Deps) *Service { return &Service{db: d.DB, pointsCost: d.PointsCost} }
