package orders

import (
	"time"

	"huitou/model"
)

// Finished is the fact that the shop regards an order as completed.
type Finished struct {
	Order  model.OrderID   `json:"order"`
	Kind   model.OrderKind `json:"kind"`
	Member model.MemberID  `json:"member"`
	Source string          `json:"source"`
	Number string          `json:"number"`
	At     time.Time       `json:"at"`
}

// FactName is the kind of the fact.
func (Finished) FactName() string { return "orders.finished" }

// FactKey is unique for ever: an order is completed once, however often it is told.
func (f Finished) FactKey() string { return ref(f.Order) + ":finished" }
