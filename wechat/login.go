package wechat

import "time"

// Session is what a login code is worth.
type Session struct {
	OpenID  string // the person, within this mini-program
	UnionID string // the person across our apps; empty unless they share an open-platform account
	// SessionKey decrypts what the client sends encrypted. It never leaves the server.
	SessionKey Secret
}

// Phone is a telephone number that WeChat has verified.
type Phone struct {
	Number      string // digits without the country code, e.g. 13800138000
	CountryCode string // digits without plus, e.g. 86
}

// MaxFanInfos is about how many people the official account tells in one answer.
const MaxFanInfos = 100

// Follower is what an official account may know about a person.
type Follower struct {
	OpenID       string
	UnionID      string // empty unless the account is bound to an open-platform account
	Following    bool   // false: the other fields but OpenID are empty
	FollowedAt   time.Time
	FollowedFrom string // e.g. ADD_SCENE_QR_CODE
	Scene        string // scene of the QR code that led here, if any
	Remark       string
	Language     string
}
