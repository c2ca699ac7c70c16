package wechat

// ReplyKind is the kind of a passive reply.
type ReplyKind string

const (
	// ReplyNone is the bare "success" that says: received, nothing to show.
	ReplyNone     ReplyKind = ""
	ReplyText     ReplyKind = "text"
	ReplyImage    ReplyKind = "image"
	ReplyVoice    ReplyKind = "voice"
	ReplyVideo    ReplyKind = "video"
	ReplyMusic    ReplyKind = "music"
	ReplyNews     ReplyKind = "news" // one article
	ReplyTransfer ReplyKind = "transfer_customer_service"
)

// MaxReplyText is how long the text of a reply may be, in bytes.
const MaxReplyText = 2048

// Reply is the answer to a push, shown to the person at once. It must go out within five
// seconds. The zero value shows nothing.
type Reply struct {
	Kind         ReplyKind
	Content      string // text
	MediaID      string // image, voice, video
	ThumbMediaID string // music
	Title        string // video, music, news
	Description  string // video, music, news
	URL          string // music: the tune; news: the page
	HQMusicURL   string // music
	PicURL       string // news
}

// Text is a reply of plain text.
func Text(content string) Reply { return Reply{Kind: ReplyText, Content: content} }
