package messages

import (
	"slices"

	"huitou/model"
)

// Template is one of our messages and how it is worded for each channel.
type Template struct {
	Purpose model.MessagePurpose // empty means service
	// Channels are tried in this order. Empty means the channels of Forms in the order of model.MessageChannels.
	Channels []model.MessageChannel
	Forms    map[model.MessageChannel]Form
	// Quoted are our names of values that only quote what something is called (goods, a coupon, a plan): a notice may tell that the
	// order 秒杀套餐 was sent, and sells nothing by it. Nil means quotedByDefault.
	Quoted []string
}

// quotedByDefault are the names that our own messages use for names.
var quotedByDefault = []string{"goods", "name", "plan", "level", "gift"}

func (t Template) quoted() []string {
	if t.Quoted == nil {
		return quotedByDefault
	}
	return t.Quoted
}

// Form is the wording for one channel.
type Form struct {
	// ID is the platform's id of the template; a customer-service text has none.
	ID string
	// Fields maps the platform's field ("thing1"; for SMS the name or number of the parameter) to our name of the value ("goods").
	Fields map[string]string
	// Cut lists the fields that may be cut when the value is too long. A value that is too long for any other field ends the
	// attempt: half an order number is worse than none.
	Cut []string
	// Text of a customer-service message or of an SMS in the file sink, with our names in braces: "您的订单{number}已签收".
	Text string
	// Page opens on a tap of a subscribe message instead of the message's URL.
	Page string
}

// order returns the channels that are tried, first to last.
func (t Template) order() []model.MessageChannel {
	if len(t.Channels) > 0 {
		return t.Channels
	}
	var out []model.MessageChannel
	for _, c := range model.MessageChannels {
		if _, ok := t.Forms[c]; ok {
			out = append(out, c)
		}
	}
	return out
}

func (t Template) purpose() model.MessagePurpose {
	if t.Purpose == "" {
		return model.PurposeService
	}
	return t.Purpose
}

// following returns the channel after c in an order, or "".
func following(order []model.MessageChannel, c model.MessageChannel) model.MessageChannel {
	if i := slices.Index(order, c); i >= 0 && i+1 < len(order) {
		return order[i+1]
	}
	return ""
}
