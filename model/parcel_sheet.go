package model

import "time"

// ParcelSheetState is how far a sheet of parcel cards is.
type ParcelSheetState string

// The states of a sheet.
const (
	SheetQueued  ParcelSheetState = "queued"
	SheetWorking ParcelSheetState = "working"
	SheetReady   ParcelSheetState = "ready"  // it can be printed; some of its orders may have been refused
	SheetFailed  ParcelSheetState = "failed" // there is nothing to print; Reason says why
)

// ParcelSheetCode is what the code on a card says.
type ParcelSheetCode string

// The kinds of codes on cards.
const (
	SheetLink    ParcelSheetCode = "link"    // an address of ours, which works for ever
	SheetAccount ParcelSheetCode = "account" // the official account's own code, which works 30 days at most
	SheetMini    ParcelSheetCode = "mini"    // the mini-program's round code, which works for ever
)

// ParcelSheet is a number of parcel cards that are printed together.
type ParcelSheet struct {
	ID                    ParcelSheetID
	PublicID              PublicID
	Code                  ParcelSheetCode
	Layout                string // of package print
	Shop, Title, Hint     string // on every card
	State                 ParcelSheetState
	Total, Ready, Refused int64  // cards; those that are neither still wait
	Reason                string // code of why it failed, or why nothing moves now
	MadeBy                StaffID
	CreatedAt, UpdatedAt  time.Time
	FinishedAt            *time.Time
	PurgedAt              *time.Time // since when its pictures are gone
	ClearedAt             *time.Time // since when its cards are gone
}

// TableName names the table.
func (ParcelSheet) TableName() string { return "parcel_sheets" }

// ParcelSheetCard is one card, or one order that gets none.
type ParcelSheetCard struct {
	ID             int64
	SheetID        ParcelSheetID
	Position       int64 // 1, 2, … as the orders were given
	Source, Number string
	ParcelCodeID   *ParcelCodeID // nil until the card can be printed
	Refusal        string        // code of why it cannot be
}

// TableName names the table.
func (ParcelSheetCard) TableName() string { return "parcel_sheet_cards" }

// ParcelSheetPicture is the mini-program's code of one card, as WeChat drew it.
type ParcelSheetPicture struct {
	CardID  int64 `gorm:"primaryKey;autoIncrement:false"`
	SheetID ParcelSheetID
	Picture []byte // JPEG
	MadeAt  time.Time
}

// TableName names the table.
func (ParcelSheetPicture) TableName() string { return "parcel_sheet_pictures" }
