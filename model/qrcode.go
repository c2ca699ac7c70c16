package model

import "time"

// Typed ids of QR codes.
type (
	QRCodeID   int64
	QRScanID   int64
	QRFollowID int64
)

// QRKind says where a code hangs.
type QRKind string

// The kinds. Codes on parcels are ParcelCodes.
const (
	QRStore    QRKind = "store"    // Ref is the store's number
	QRStaff    QRKind = "staff"    // Ref is the id of a member of staff
	QRCampaign QRKind = "campaign" // Ref is the campaign's name
)

// QRApp says with what a code was scanned: one scene serves both.
type QRApp string

// The apps.
const (
	QRInAccount QRApp = "account" // the official account's picture
	QRInMini    QRApp = "mini"    // the mini-program's
)

// QRCounts are the figures of a code, of one day or of its whole life. They equal the rows, by an invariant.
type QRCounts struct {
	Scans        int64 // of the account's picture, as WeChat told them
	Scanners     int64 // people who scanned it, each on the day of his first scan
	Follows      int64 // people whose first follow of the account came by this code
	Lost         int64 // of Follows, those who do not follow now; on the day of their follow
	Returns      int64 // follows by this code of people who had followed before
	MiniScans    int64 // of the mini-program's picture, one a day and person
	MiniScanners int64
}

// QRCode is a code of a store, of a member of staff or of a campaign.
type QRCode struct {
	ID         QRCodeID
	PublicID   PublicID
	Token      string // random; the scene is "q_" and this
	Kind       QRKind
	Name       string // in staff's words
	Ref        string // see QRKind
	Permanent  bool
	TTLSeconds int64  `gorm:"column:ttl_seconds"` // of one picture; 0 when permanent
	Ticket     string // WeChat's name of the picture; "" until it was made
	URL        string // what the picture says
	ImageURL   string
	ExpiresAt  *time.Time // the picture's end; nil when permanent or not made
	Asked      int64      // permanent pictures that WeChat made for it, or may have made
	QRCounts   `gorm:"embedded"`
	CreatedBy  StaffID
	CreatedAt  time.Time
	UpdatedAt  time.Time
	StoppedAt  *time.Time
}

// TableName names the table.
func (QRCode) TableName() string { return "qr_codes" }

// QRAccount counts the permanent pictures of an official account: WeChat makes 100,000 in its whole life and deletes none.
type QRAccount struct {
	AppID     string `gorm:"primaryKey"`
	Permanent int64
}

// TableName names the table.
func (QRAccount) TableName() string { return "qr_accounts" }

// QRScan is one scan.
type QRScan struct {
	ID        QRScanID
	QRCodeID  QRCodeID `gorm:"column:qr_code_id"`
	App       QRApp
	DedupeKey string // of the callback; of a mini-program's scan a hash of person, code and day
	OpenID    string
	Day       Day
	At        time.Time
}

// TableName names the table.
func (QRScan) TableName() string { return "qr_scans" }

// QRScanner is a person who scanned a code, with the day of the first time.
type QRScanner struct {
	QRCodeID QRCodeID `gorm:"column:qr_code_id;primaryKey;autoIncrement:false"`
	App      QRApp    `gorm:"primaryKey"`
	OpenID   string   `gorm:"primaryKey"`
	Day      Day
}

// TableName names the table.
func (QRScanner) TableName() string { return "qr_scanners" }

// QRFollow is a follow that came by a code. People are told apart by the row of their openid, so that a merge of members changes
// nothing here.
type QRFollow struct {
	ID         QRFollowID
	QRCodeID   QRCodeID `gorm:"column:qr_code_id"`
	IdentityID int64
	// FirstOf is IdentityID when the person had never followed before, and unique; nil of a return.
	FirstOf   *int64
	Following bool // now; of a return always false
	Day       Day
	At        time.Time
}

// TableName names the table.
func (QRFollow) TableName() string { return "qr_follows" }

// QRDay is a code's figures of one day in Shanghai.
type QRDay struct {
	QRCodeID QRCodeID `gorm:"column:qr_code_id;primaryKey;autoIncrement:false"`
	Day      Day      `gorm:"primaryKey"`
	QRCounts `gorm:"embedded"`
}

// TableName names the table.
func (QRDay) TableName() string { return "qr_days" }
