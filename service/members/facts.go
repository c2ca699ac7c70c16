package members

import (
	"fmt"
	"time"

	"huitou/model"
)

// Joined is the fact that we know a new member. Imports do not record it.
type Joined struct {
	Member model.MemberID `json:"member"`
}

// FactName names the kind.
func (Joined) FactName() string { return "members.joined" }

// FactKey is unique for ever.
func (f Joined) FactKey() string { return fmt.Sprintf("member:%d:joined", f.Member) }

// Followed is the fact that a member began to follow the official account.
type Followed struct {
	Member   model.MemberID `json:"member"`
	Identity int64          `json:"identity"`
	Scene    string         `json:"scene,omitempty"` // of the QR code that led here
	First    bool           `json:"first,omitempty"` // he had never followed before, as far as we know
	At       time.Time      `json:"at"`
}

// FactName names the kind.
func (Followed) FactName() string { return "members.followed" }

// FactKey is unique for ever.
func (f Followed) FactKey() string {
	return fmt.Sprintf("identity:%d:followed:%d", f.Identity, f.At.UnixMicro())
}

// Unfollowed is the fact that a member ceased to follow the official account.
type Unfollowed struct {
	Member   model.MemberID `json:"member"`
	Identity int64          `json:"identity"`
	At       time.Time      `json:"at"`
}

// FactName names the kind.
func (Unfollowed) FactName() string { return "members.unfollowed" }

// FactKey is unique for ever.
func (f Unfollowed) FactKey() string {
	return fmt.Sprintf("identity:%d:unfollowed:%d", f.Identity, f.At.UnixMicro())
}

// BirthdaySet is the fact that a member's birthday became known or was corrected.
type BirthdaySet struct {
	Member  model.MemberID `json:"member"`
	Version int64          `json:"version"` // 1 for the first one
}

// FactName names the kind.
func (BirthdaySet) FactName() string { return "members.birthday_set" }

// FactKey is unique for ever.
func (f BirthdaySet) FactKey() string {
	return fmt.Sprintf("member:%d:birthday:%d", f.Member, f.Version)
}
