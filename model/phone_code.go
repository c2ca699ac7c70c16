package model

import "time"

// PhoneCode is a code that was sent to a phone for a member to prove that it is his.
type PhoneCode struct {
	ID          int64
	MemberID    MemberID
	PhoneIndex  string // keyed hash of the number
	PhoneCipher string
	CodeHash    string // keyed hash of the code, bound to this number
	Failures    int
	CreatedAt   time.Time
	ExpiresAt   time.Time
	UsedAt      *time.Time // when it was right, or when a newer one took its place
}

// TableName names the table.
func (PhoneCode) TableName() string { return "phone_codes" }

// PhoneCodeAsk counts how often codes were asked for in one span, by a hash of who asked, for whom, or where from.
type PhoneCodeAsk struct {
	KeyHash string `gorm:"primaryKey"`
	Asked   int
	EndsAt  time.Time // the span's end; the row is of no use after it
}

// TableName names the table.
func (PhoneCodeAsk) TableName() string { return "phone_code_asks" }
