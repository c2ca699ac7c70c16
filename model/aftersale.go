package model

import "time"

// ParcelCode is the QR code on the card in one order's parcel.
type ParcelCode struct {
	ID        ParcelCodeID
	OrderID   OrderID
	MemberID  MemberID // of the order
	Token     string   // random; the scene is "p_" and this
	Ticket    string   // WeChat's name of the picture; "" until it was made
	URL       string   // what the picture says
	ImageURL  string
	ExpiresAt *time.Time // the picture's end; the token has none
	Scans     int64      // events, follows included
	Follows   int64
	MadeBy    StaffID
	CreatedAt time.Time
}

// TableName names the table.
func (ParcelCode) TableName() string { return "parcel_codes" }

// ParcelScan is one scan of a parcel code by a follower, or by one who thereby became a follower.
type ParcelScan struct {
	ID           int64
	ParcelCodeID ParcelCodeID
	DedupeKey    string // of the callback
	OpenID       string
	MemberID     MemberID // who scanned
	Followed     bool     // the scan was also the follow
	Owner        bool     // who scanned is the order's member
	At           time.Time
}

// TableName names the table.
func (ParcelScan) TableName() string { return "parcel_scans" }

// VisitState is how far a visit got. Its message, once queued, has states of its own.
type VisitState string

// States of a visit.
const (
	VisitQueued  VisitState = "queued"  // its message is in the outbox
	VisitSkipped VisitState = "skipped" // Reason says why
)

// Visit is one of at most three contacts after a sale; the schema refuses a fourth.
type Visit struct {
	ID         int64
	OrderID    OrderID
	MemberID   MemberID
	Ordinal    int64 // 1 to 3
	State      VisitState
	Reason     string
	MessageKey string // empty when skipped
	DueAt      time.Time
	CreatedAt  time.Time
}

// TableName names the table.
func (Visit) TableName() string { return "visits" }
