package model

import "time"

// Staff is one person who works in the shop.
type Staff struct {
	ID StaffID
	// Name signs in: 3 to 32 of a-z, 0-9, dot, dash and underscore.
	Name        string
	DisplayName string
	// PasswordHash is argon2id in the PHC text form, parameters and salt included.
	PasswordHash string
	// Role is a word of package staff: "owner", "manager" or "clerk".
	Role       string
	CreatedAt  time.Time
	DisabledAt *time.Time
}

// TableName names the table.
func (Staff) TableName() string { return "staff" }

// StaffSession is one sign-in of a staff member.
type StaffSession struct {
	ID        int64
	TokenHash string
	StaffID   StaffID
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	RevokedAt *time.Time
}

// TableName names the table.
func (StaffSession) TableName() string { return "staff_sessions" }

// StaffAttempt counts failed sign-ins of one account or one address, each named by a hash.
type StaffAttempt struct {
	KeyHash  string `gorm:"primaryKey"`
	Failures int
	LastAt   time.Time
	NextAt   time.Time
}

// TableName names the table.
func (StaffAttempt) TableName() string { return "staff_attempts" }
