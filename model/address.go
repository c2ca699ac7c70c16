package model

// Address is where a member can be reached. Empty means not by this way.
type Address struct {
	OpenID     string // in the official account
	Following  bool   // the official account
	MiniOpenID string // in the mini-program
	Phone      string // E.164; personal: never log it
}
