package wechat

import "time"

// TemplateMessage is a service notice of an official account. Only for services the person
// asked for: marketing gets an account punished.
type TemplateMessage struct {
	To         string // openid within the official account
	TemplateID string
	// URL or MiniProgram opens on a tap; MiniProgram wins when both are given.
	URL         string
	MiniProgram *MiniProgramPage
	// Data by field name without ".DATA", e.g. thing1. See CheckTemplateData.
	Data map[string]string
	// ClientMsgID (at most 32 bytes) lets WeChat drop a repetition within some minutes.
	ClientMsgID string
}

// MiniProgramPage is a page of a mini-program bound to the official account.
type MiniProgramPage struct {
	AppID string
	Path  string // without a leading slash; may carry a query
}

// SubscribeMessage is a one-time notice that the person agreed to, of a mini-program or of an official account (订阅通知). Each
// consent pays for one.
type SubscribeMessage struct {
	To         string // openid within the app that sends
	TemplateID string
	// Page opens on a tap: of the mini-program itself, without a leading slash; of an official account a URL. May be empty.
	Page string
	// MiniProgram opens instead; official account only.
	MiniProgram *MiniProgramPage
	// Data by field name without ".DATA". See CheckTemplateData.
	Data map[string]string
}

// CustomText is a customer-service text, allowed for a while after the person has acted.
type CustomText struct {
	To      string // openid within the official account
	Content string
}

// QRCode is a scene code of the official account: scanning it follows the account, or
// greets a follower, and tells us the scene.
type QRCode struct {
	Ticket    string
	URL       string // what the picture says; for drawing it ourselves
	ImageURL  string // WeChat's picture
	ExpiresIn time.Duration
}

// MiniCode asks for a picture that opens the mini-program with a scene. Any number of them can be made, and they never end.
type MiniCode struct {
	Scene string // 1 to MaxMiniScene digits, letters and !#$&'()*+,/:;=?@-._~
	Page  string // without a slash in front and without a query; empty is the first page
	Env   string // release, trial or develop; empty is release
	// Unchecked lets WeChat draw the picture although the page is not published.
	Unchecked bool
	Width     int // pixels, 280 to 1280; 0 is 430
}

// Image is a picture as WeChat drew it.
type Image struct {
	Type  string // image/jpeg or image/png
	Bytes []byte
}

// MaxMiniScene is how many characters the scene of a mini-program's code may have.
const MaxMiniScene = 32

// Limits of scene codes.
const (
	MaxScene        = 64                  // bytes of a scene
	MaxQRTTL        = 30 * 24 * time.Hour // life of a temporary code
	MaxClientMsgID  = 32                  // bytes
	MaxPermanentQRs = 100_000             // per account, ever; they cannot be deleted
)
