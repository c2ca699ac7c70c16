package wechat

import "time"

// Kind is the MsgType of a push. Kinds not listed are passed on as they are.
type Kind string

const (
	KindEvent      Kind = "event"
	KindText       Kind = "text"
	KindImage      Kind = "image"
	KindVoice      Kind = "voice"
	KindVideo      Kind = "video"
	KindShortVideo Kind = "shortvideo"
	KindLocation   Kind = "location"
	KindLink       Kind = "link"
	KindMiniPage   Kind = "miniprogrampage" // a card of the mini-program, sent to its customer service
)

// Event is the Event of a push of KindEvent, in WeChat's own spelling. Events not listed
// are passed on as they are.
type Event string

const (
	EventSubscribe       Event = "subscribe"
	EventUnsubscribe     Event = "unsubscribe"
	EventScan            Event = "SCAN"
	EventLocation        Event = "LOCATION"
	EventClick           Event = "CLICK"
	EventView            Event = "VIEW"
	EventViewMiniProgram Event = "view_miniprogram"
	EventScanPush        Event = "scancode_push"
	EventScanWait        Event = "scancode_waitmsg"
	EventPhoto           Event = "pic_sysphoto"
	EventPhotoOrAlbum    Event = "pic_photo_or_album"
	EventAlbum           Event = "pic_weixin"
	EventPlaceSelect     Event = "location_select"

	EventDeskOpened   Event = "kf_create_session"
	EventDeskClosed   Event = "kf_close_session"
	EventDeskSwitched Event = "kf_switch_session"
	EventEnterSession Event = "user_enter_tempsession" // somebody opened the mini-program's customer service

	EventTemplateSent Event = "TEMPLATESENDJOBFINISH"
	EventMassSent     Event = "MASSSENDJOBFINISH"

	EventSubscribeMsgPopup  Event = "subscribe_msg_popup_event"
	EventSubscribeMsgChange Event = "subscribe_msg_change_event"
	EventSubscribeMsgSent   Event = "subscribe_msg_sent_event"

	EventUserInfoModified          Event = "user_info_modified"
	EventUserAuthorizationRevoke   Event = "user_authorization_revoke"
	EventUserAuthorizationCanceled Event = "user_authorization_cancellation"

	EventTradeRemindAccess   Event = "trade_manage_remind_access_api"
	EventTradeRemindShipping Event = "trade_manage_remind_shipping"
	EventTradeSettled        Event = "trade_manage_order_settlement"

	// What happens to the account itself.
	EventQualified     Event = "qualification_verify_success"
	EventNotQualified  Event = "qualification_verify_fail"
	EventNamed         Event = "naming_verify_success"
	EventNotNamed      Event = "naming_verify_fail"
	EventAnnualRenew   Event = "annual_renew"   // the yearly verification ends soon
	EventVerifyExpired Event = "verify_expired" // and has ended
	EventAuditPassed   Event = "weapp_audit_success"
	EventAuditFailed   Event = "weapp_audit_fail"
	EventAuditDelayed  Event = "weapp_audit_delay"

	EventMediaCheck   Event = "wxa_media_check"
	EventDeliverGoods Event = "xpay_goods_deliver_notify"
)

// Push is one verified and decrypted message from WeChat to us.
type Push struct {
	AppID string // the app it was sent to
	Kind  Kind
	Event Event  // only for KindEvent
	To    string // original id (gh_…) of the account
	// OpenID is the person it is about. For withdrawn authorisations, which a system
	// account sends, it is the person who withdrew.
	OpenID    string
	CreatedAt time.Time // zero when WeChat gave none

	// EventKey is WeChat's own: the menu key, the URL, or "qrscene_" and the scene.
	EventKey string
	// Scene is the scene of the QR code that was scanned, by a new or an old follower.
	Scene  string
	Ticket string // of that QR code
	MenuID string

	MsgID string // 64-bit number; of an ordinary message or of a sent template message
	// Status of a sent template message, without spaces: success, failed:userblock,
	// failed:systemfailed.
	Status string

	Content       string // of a text
	MediaID       string
	PicURL        string
	Format        string // of a voice
	Recognition   string // of a voice
	ThumbMediaID  string
	Title         string
	Description   string
	URL           string
	MenuItem      string // of a text: the item that was tapped in a menu message
	AppPage       string // of a card of the mini-program
	SessionFrom   string // where in the mini-program customer service was opened
	Location      *Location
	Scanned       *Scanned
	Pictures      []string // MD5 of those that a person chose from a menu; the pictures come as messages
	Desk          *Desk
	Mass          *Mass
	Subscriptions []Subscription
	Withdrawn     *Withdrawn
	Trade         *Trade
	Delivery      *Delivery
	MediaCheck    *MediaCheck
	Review        *Review

	// Body is the decrypted body, byte for byte.
	Body []byte
	// DedupeKey is the same for every delivery of this push and for no other: a hash over
	// app and body, since retries repeat the body and neither MsgId nor openid and time
	// tell all pushes apart. 64 hex digits.
	DedupeKey string

	// Envelope is how it came, which is how the reply goes.
	Envelope Envelope
}

// Envelope describes the outside of a push.
type Envelope struct {
	Format    Format
	Encrypted bool
	Nonce     string
	Key       int // index of the AES key that opened it: 0 current, 1 previous
}

// Format is the serialisation of pushes that was chosen in WeChat's console.
type Format string

const (
	FormatXML  Format = "xml"
	FormatJSON Format = "json"
)

// Location is a place a person sent or reported.
type Location struct {
	Latitude, Longitude string // decimal degrees as WeChat wrote them
	Precision           string // of a reported place
	Scale               string // of a sent or chosen place
	Label               string // of a sent or chosen place
	Name                string // of a chosen place: the point of interest
}

// Scanned is what a person scanned from a menu.
type Scanned struct{ Type, Result string }

// Subscription is one entry of a subscribe-message event.
type Subscription struct {
	TemplateID string
	Status     string // accept or reject; of a popup or a change
	PopupScene string // where the person was asked; of a popup

	MsgID       string // of a sent message
	ErrorCode   string // "0" is success; of a sent message
	ErrorStatus string // of a sent message
}

// Withdrawn says that a person took back what he had allowed, or closed his account. What
// we know of him must be deleted or made anonymous in the legal time.
type Withdrawn struct {
	OpenID   string
	AppID    string
	Scope    string // RevokeInfo: which data, as WeChat numbers it
	PluginID string
	OpenPID  string
}

// Trade is an order that the order centre tells about. Times are zero when WeChat gave none.
type Trade struct {
	TransactionID string
	MchID         string
	OutTradeNo    string
	Message       string // words for the merchant
	PaidAt        time.Time
	ShippedAt     time.Time
	SettlesAt     time.Time // when it will be settled, at the latest
	ReceivedBy    string    // 1: by itself, 2: by the person
	ReceivedAt    time.Time
	SettledAt     time.Time
}

// Desk is a talk with customer service that began, ended or was passed on.
type Desk struct {
	Account  string // who talks; of one passed on, who goes on
	From     string // who passed it on
	ClosedBy string // CloseType: KF, TIMEOUT and the like
}

// Mass is what became of a message to all followers; Status says how the sending ended.
type Mass struct {
	Total    int64 // followers that were chosen
	Filtered int64 // of these, who may be written to
	Sent     int64
	Failed   int64
}

// MediaCheck is the later answer to a question about a picture or a sound.
type MediaCheck struct {
	TraceID string
	Suggest string // pass, review or risky; empty when ErrCode is not "0"
	Label   string
	ErrCode string
}

// Review is what WeChat decided about the account, its name or the mini-program's next version.
type Review struct {
	At      time.Time // of the decision; zero when WeChat gave none
	Expires time.Time // until when it holds
	Reason  string    // of a refusal
	Shots   []string  // media ids of pictures of what is wrong
}
