package wechat

// Limits of the tags that an official account puts on its followers.
const (
	MaxTags      = 100 // of an account, its own ones
	MaxTagName   = 30  // bytes
	MaxTagsOfFan = 20
	MaxTagBatch  = 50  // followers in one call
	FirstTag     = 100 // ids below are the platform's own and cannot be changed
)

// FanTag is a tag of an official account.
type FanTag struct {
	ID   int64
	Name string
}

// Codes of refusals of tags that need an answer of their own.
const (
	CodeTagName   = 45157 // another tag has the name
	CodeTooMany   = 45056 // the account has MaxTags
	CodeTagTooBig = 45057 // a tag with more than 100,000 followers cannot be deleted
	CodeTagGone   = 45159 // there is no such tag
)
